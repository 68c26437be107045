import type { MediaKind } from '../../driver/request.js';
import { kindOfType, usualType } from '../../media/media-types.js';
import { fault } from '../../toml/fault.js';
import { isTable, type Path, quoted, type TomlValue } from '../../toml/toml.js';
import type { MediaInput, MediaTemplate } from '../narrative.js';
import { type MediaReading, type MediaTable, mediaSources, onlyOne, readFrom, readMedia } from './read-media.js';

/** Media by what acts call them: `media.<name>`. Those that could not be read, or were not yet, are there as undefined. */
export type NamedMedia = ReadonlyMap<string, MediaInput | MediaTemplate | undefined>;

/** Adds all of `[media]` to `named`: the names at once, the media later. */
export function readNamedMedia(
  media: TomlValue | undefined,
  named: Map<string, MediaInput | MediaTemplate | undefined>,
  reading: MediaReading,
): void {
  if (!isTable(media)) return;
  for (const name in media) {
    const table = media[name];
    const path = ['media', name];
    if (name.trim() === '') reading.report(fault('empty-name', path, 'a medium has an empty name', { target: 'key' }));
    named.set(`media.${name}`, undefined);
    if (!isTable(table)) continue;
    reading.later(async () => void named.set(`media.${name}`, await readMedia({ table, path, ...reading })));
  }
}

/** The medium of a name such as `media.logo`. */
export function mediumNamed(
  name: string,
  path: Path,
  media: NamedMedia,
  report: MediaTable['report'],
): MediaInput | MediaTemplate | undefined {
  if (media.has(name)) return media.get(name);
  const message = `${quoted(name)} is none of the media that [media] defines`;
  // By `ref` people leave out what is plain to them.
  const misnamed = { name: media.has(`media.${name}`) ? `media.${name}` : name, known: media.keys() };
  report(fault('unknown-media', path, message, { misnamed }));
  return undefined;
}

/** The medium that an input shows: its own, or one of `[media]` by `ref`. */
export async function readMediaInput(
  input: MediaTable & { kind: MediaKind; media: NamedMedia },
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, media, report } = input;
  const key = onlyOne([...mediaSources, 'ref'], input);
  if (key === undefined) return undefined;
  if (key !== 'ref') return readFrom(key, input);
  if (onlyOne(['ref', 'mime'], input) === undefined || typeof table.ref !== 'string') return undefined;
  const medium = mediumNamed(table.ref, [...path, 'ref'], media, report);
  return medium && ofKind(medium, table.ref, input);
}

/** One of `[media]` as an input of some kind shows it. */
function ofKind(
  medium: MediaInput | MediaTemplate,
  ref: string,
  { kind, path, report, onTemplate }: MediaTable & { kind: MediaKind },
): MediaInput | MediaTemplate | undefined {
  const at = [...path, 'ref'];
  const type = knownType(medium);
  if (type !== undefined && type !== kind) {
    report(fault('media-type', at, `${quoted(ref)} is of type ${quoted(type)}, not ${quoted(kind)}`));
    return undefined;
  }
  if (medium.type === 'media-template') {
    const template = { ...medium, described: { ...medium.described, kind }, loaded: new Map() };
    onTemplate({ template, path: at, base: medium });
    return template;
  }
  // What stands at an address has to be what the input says, once it is fetched.
  return medium.content.from === 'address' ? { ...medium, type: kind, content: { ...medium.content, kind } } : medium;
}

/** The kind that a medium is of, as far as that can be known before it is fetched or filled. */
function knownType(medium: MediaInput | MediaTemplate): MediaKind | undefined {
  if (medium.type === 'media') return undefined;
  if (medium.type !== 'media-template') return medium.type;
  const { mime } = medium.described;
  return mime === undefined ? undefined : kindOfType(usualType(mime));
}
