import type { Act, MediaTemplate } from '../narrative.js';
import type { TextPlace } from '../parse/read-act.js';
import type { MediaPlace } from '../parse/read-media.js';

/** The names of media as texts in which names are filled, each with the acts that show the medium. */
export function mediaNamePlaces(places: readonly MediaPlace[], acts: Iterable<Act>): TextPlace[] {
  if (places.length === 0) return [];
  const bases = new Map<MediaTemplate, MediaTemplate>();
  for (const { template, base } of places) if (base) bases.set(template, base);
  const users = new Map<MediaTemplate, string[]>();
  for (const { name, inputs } of acts) {
    for (const input of inputs) {
      if (input.type !== 'media-template') continue;
      const medium = bases.get(input) ?? input;
      const known = users.get(medium);
      if (known) known.push(name);
      else users.set(medium, [name]);
    }
  }
  return places.flatMap(({ template, path, base }) =>
    base ? [] : { text: template.text, path, users: users.get(template) ?? [], sent: 'medium' as const },
  );
}
