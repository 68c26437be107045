import type { MediaTemplate } from '../narrative.js';
import { type LoadedMedia, loadMedia } from './load-media.js';

/** A value as it stands in a name: replies, and what `echo` writes, end with a line end that no file name is meant to have. */
export function valueInName(value: string): string {
  return value.trim();
}

/** Reads and judges the medium that a template's filled text names, unless that was done when its narrative was read. */
export async function loadFilled({ names, described, loaded }: MediaTemplate, name: string): Promise<LoadedMedia> {
  const known = loaded.get(name);
  if (known) return { media: known };
  return loadMedia({ ...described, source: names === 'file' ? { file: name } : { url: name } });
}
