import type { Act, MediaTemplate } from '../narrative.js';
import { type LoadMediaResult, loadMedia } from './load-media.js';
import type { TemplateText } from './read-act.js';
import type { MediaTemplateEntry } from './read-media.js';

/** Trims a value for use in a name: replies and the output of `echo` end with a newline, file names do not. */
export function trimNameValue(value: string): string {
  return value.trim();
}

/** Reads the media that a rendered template names, unless it was read together with the narrative. */
export async function loadMediaTemplate(
  { sourceKey, spec, loaded }: MediaTemplate,
  name: string,
): Promise<LoadMediaResult> {
  const existing = loaded.get(name);
  if (existing) return { ok: true, media: existing };
  return loadMedia({ ...spec, source: sourceKey === 'file' ? { file: name } : { url: name } });
}

/** Returns the names of media as template texts, each with the acts that use the media. */
export function createMediaNameTexts(entries: readonly MediaTemplateEntry[], acts: Iterable<Act>): TemplateText[] {
  if (entries.length === 0) return [];
  const bases = new Map(entries.flatMap(({ template, base }) => (base ? [[template as MediaTemplate, base]] : [])));
  const actNamesByTemplate = new Map<MediaTemplate, string[]>();
  for (const { name, inputs } of acts) {
    for (const input of inputs) {
      if (input.type !== 'media-template') continue;
      const template = bases.get(input) ?? input;
      const actNames = actNamesByTemplate.get(template);
      if (actNames) actNames.push(name);
      else actNamesByTemplate.set(template, [name]);
    }
  }
  return entries
    .filter(({ base }) => !base)
    .map(({ template, path }) => ({
      text: template.text,
      path,
      actNames: actNamesByTemplate.get(template) ?? [],
      sentAs: 'media',
    }));
}
