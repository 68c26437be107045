import type { MediaKind } from '../../driver/request.js';
import { getMediaKind, normalizeMimeType } from '../../media/media-types.js';
import { errorAt } from '../../toml/problem.js';
import { isTable, type Path, quote, type TomlValue } from '../../toml/toml.js';
import type { MediaInput, MediaTemplate } from '../narrative.js';
import {
  type MediaReadOptions,
  type MediaReadRequest,
  mediaSourceKeys,
  pickOnlyKey,
  readMedia,
  readMediaFrom,
} from './read-media.js';

/** Media by what acts call them: `media.<name>`. Those that could not be read, or were not yet, are there as undefined. */
export type NamedMedia = ReadonlyMap<string, MediaInput | MediaTemplate | undefined>;

/** Adds all of `[media]` to `named`: the names at once, the media later. */
export function readNamedMedia(
  media: TomlValue | undefined,
  mediaByName: Map<string, MediaInput | MediaTemplate | undefined>,
  options: MediaReadOptions,
): void {
  if (!isTable(media)) return;
  for (const name in media) {
    const table = media[name];
    const path = ['media', name];
    if (name.trim() === '')
      options.report(errorAt('empty-name', path, 'a medium has an empty name', { target: 'key' }));
    mediaByName.set(`media.${name}`, undefined);
    if (!isTable(table)) continue;
    options.defer(async () => void mediaByName.set(`media.${name}`, await readMedia({ table, path, ...options })));
  }
}

/** The medium of a name such as `media.logo`. */
export function findNamedMedia(
  name: string,
  path: Path,
  media: NamedMedia,
  report: MediaReadRequest['report'],
): MediaInput | MediaTemplate | undefined {
  if (media.has(name)) return media.get(name);
  const message = `${quote(name)} is none of the media that [media] defines`;
  // By `ref` people leave out what is plain to them.
  const suggest = { name: media.has(`media.${name}`) ? `media.${name}` : name, candidates: media.keys() };
  report(errorAt('unknown-media', path, message, { suggest }));
  return undefined;
}

/** The medium that an input shows: its own, or one of `[media]` by `ref`. */
export async function readMediaInput(
  input: MediaReadRequest & { kind: MediaKind; media: NamedMedia },
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, media, report } = input;
  const key = pickOnlyKey([...mediaSourceKeys, 'ref'], input);
  if (key === undefined) return undefined;
  if (key !== 'ref') return readMediaFrom(key, input);
  if (pickOnlyKey(['ref', 'mime'], input) === undefined || typeof table.ref !== 'string') return undefined;
  const medium = findNamedMedia(table.ref, [...path, 'ref'], media, report);
  return medium && applyInputKind(medium, table.ref, input);
}

/** One of `[media]` as an input of some kind shows it. */
function applyInputKind(
  medium: MediaInput | MediaTemplate,
  ref: string,
  { kind, path, report, onTemplate }: MediaReadRequest & { kind: MediaKind },
): MediaInput | MediaTemplate | undefined {
  const refPath = [...path, 'ref'];
  const knownKind = getKnownKind(medium);
  if (knownKind !== undefined && knownKind !== kind) {
    report(errorAt('media-type', refPath, `${quote(ref)} is of type ${quote(knownKind)}, not ${quote(kind)}`));
    return undefined;
  }
  if (medium.type === 'media-template') {
    const template = { ...medium, spec: { ...medium.spec, kind }, loaded: new Map() };
    onTemplate({ template, path: refPath, base: medium });
    return template;
  }
  // What stands at an address has to be what the input says, once it is fetched.
  return medium.content.from === 'address' ? { ...medium, type: kind, content: { ...medium.content, kind } } : medium;
}

/** The kind that a medium is of, as far as that can be known before it is fetched or filled. */
function getKnownKind(medium: MediaInput | MediaTemplate): MediaKind | undefined {
  if (medium.type === 'media') return undefined;
  if (medium.type !== 'media-template') return medium.type;
  const { mime } = medium.spec;
  return mime === undefined ? undefined : getMediaKind(normalizeMimeType(mime));
}
