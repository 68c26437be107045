import { type Narrative, narrativesWithin } from '../narrative/narrative.js';
import { namesUsedIn } from '../narrative/template.js';

/** Whether a text of a narrative, or the name of a medium in it, or one of those that it plays, has `{{stdin}}` in it. */
export function usesStdin(narrative: Narrative): boolean {
  return [...narrativesWithin(narrative)].some(
    ({ acts, templates }) => templates !== false && [...new Set(acts.flatMap(textsOf))].some(hasStdin),
  );
}

function textsOf({ system, inputs }: Narrative['acts'][number]): string[] {
  const texts = inputs.flatMap((input) => {
    if (input.type === 'media-template') return [input.text];
    return input.type === 'text' ? [input.content] : [];
  });
  return system === undefined ? texts : [system, ...texts];
}

function hasStdin(text: string): boolean {
  return namesUsedIn(text).includes('stdin');
}
