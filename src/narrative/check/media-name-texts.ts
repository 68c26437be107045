import type { Act, MediaTemplate } from '../narrative.js';
import type { TemplateText } from '../parse/read-act.js';
import type { MediaTemplateEntry } from '../parse/read-media.js';

/** The names of media as texts in which names are filled, each with the acts that show the medium. */
export function createMediaNameTexts(entries: readonly MediaTemplateEntry[], acts: Iterable<Act>): TemplateText[] {
  if (entries.length === 0) return [];
  const bases = new Map<MediaTemplate, MediaTemplate>();
  for (const { template, base } of entries) if (base) bases.set(template, base);
  const actNamesByTemplate = new Map<MediaTemplate, string[]>();
  for (const { name, inputs } of acts) {
    for (const input of inputs) {
      if (input.type !== 'media-template') continue;
      const medium = bases.get(input) ?? input;
      const actNames = actNamesByTemplate.get(medium);
      if (actNames) actNames.push(name);
      else actNamesByTemplate.set(medium, [name]);
    }
  }
  return entries.flatMap(({ template, path, base }) =>
    base
      ? []
      : { text: template.text, path, actNames: actNamesByTemplate.get(template) ?? [], sentAs: 'medium' as const },
  );
}
