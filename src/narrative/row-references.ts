import { collectNarratives, listTemplateTexts, type Narrative } from './narrative.js';
import { getPlaceholderNames, isRowName } from './template.js';

/**
 * Returns the names of the placeholders that refer to a row, in a narrative and its nested narratives: `row`,
 * `row.number`, and `row.x` for the column `x`.
 */
export function listRowReferences(narrative: Narrative): ReadonlySet<string> {
  const cached = cache.get(narrative);
  if (cached) return cached;
  const names = new Set<string>();
  for (const text of new Set(listTexts(narrative)))
    for (const name of text.includes('{{') ? getPlaceholderNames(text) : []) if (isRowName(name)) names.add(name);
  cache.set(narrative, names);
  return names;
}

/** The results by narrative. They are kept, because a narrative may run for a million rows. */
const cache = new WeakMap<Narrative, ReadonlySet<string>>();

function* listTexts(narrative: Narrative): Iterable<string> {
  for (const { acts, templates } of collectNarratives(narrative)) {
    if (templates !== false) for (const act of acts) yield* listTemplateTexts(act);
  }
}
