import type { MediaTemplate } from '../narrative.js';
import { type LoadMediaResult, loadMedia } from './load-media.js';

/** A value as it stands in a name: replies, and what `echo` writes, end with a line end that no file name is meant to have. */
export function trimNameValue(value: string): string {
  return value.trim();
}

/** Reads and judges the medium that a template's filled text names, unless that was done when its narrative was read. */
export async function loadMediaTemplate(
  { sourceKey, spec, loaded }: MediaTemplate,
  name: string,
): Promise<LoadMediaResult> {
  const existing = loaded.get(name);
  if (existing) return { media: existing };
  return loadMedia({ ...spec, source: sourceKey === 'file' ? { file: name } : { url: name } });
}
