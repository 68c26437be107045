import { collectNarratives, type Narrative } from '../narrative/narrative.js';
import { getPlaceholderNames } from '../narrative/template.js';

/** Whether a text or a media name of the narrative, or of one nested in it, contains `{{stdin}}`. */
export function usesStdin(narrative: Narrative): boolean {
  return [...collectNarratives(narrative)].some(
    ({ acts, templates }) => templates !== false && [...new Set(acts.flatMap(collectTexts))].some(hasStdin),
  );
}

function collectTexts({ system, inputs }: Narrative['acts'][number]): string[] {
  const texts = inputs.flatMap((input) => {
    if (input.type === 'media-template') return [input.text];
    return input.type === 'text' ? [input.content] : [];
  });
  return system === undefined ? texts : [system, ...texts];
}

function hasStdin(text: string): boolean {
  return getPlaceholderNames(text).includes('stdin');
}
