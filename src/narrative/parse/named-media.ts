import type { MediaKind } from '../../driver/request.js';
import { getMediaKind, normalizeMimeType } from '../../media/media-types.js';
import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { isTable, type Path, quote, type TomlValue } from '../../toml/toml.js';
import type { MediaInput, MediaTemplate } from '../narrative.js';
import {
  type MediaReadOptions,
  type MediaReadRequest,
  mediaSourceKeys,
  pickOnlyKey,
  readMedia,
  readMediaFrom,
  readMediaResolution,
} from './read-media.js';

/** The entries of `[media]` by `media.<name>`. A value is undefined if the media has not been read or can't be read. */
export type MediaByReference = ReadonlyMap<string, MediaInput | MediaTemplate | undefined>;

/** Adds the entries of `[media]` to `mediaByReference`. The references are added at once; the media are read later. */
export function readNamedMedia(
  media: TomlValue | undefined,
  mediaByReference: Map<string, MediaInput | MediaTemplate | undefined>,
  options: MediaReadOptions,
): void {
  if (!isTable(media)) return;
  for (const name in media) {
    const table = media[name];
    const keyPath = ['media', name];
    if (name.trim() === '')
      options.report(errorAt('empty-name', keyPath, 'an entry of [media] has an empty name', { target: 'key' }));
    mediaByReference.set(`media.${name}`, undefined);
    if (!isTable(table)) continue;
    options.defer(
      async () => void mediaByReference.set(`media.${name}`, await readMedia({ table, keyPath, ...options })),
    );
  }
}

/**
 * Finds media by a reference such as `media.logo`. Returns undefined for an unknown reference, which it reports, and
 * for media that could not be read.
 */
export function findNamedMedia(
  reference: string,
  keyPath: Path,
  mediaByReference: MediaByReference,
  report: ReportProblem,
): MediaInput | MediaTemplate | undefined {
  if (mediaByReference.has(reference)) return mediaByReference.get(reference);
  const message = `${quote(reference)} is not defined in [media]`;
  // In `ref`, people often omit the prefix `media.`.
  const withPrefix = `media.${reference}`;
  const suggestionQuery = {
    name: mediaByReference.has(withPrefix) ? withPrefix : reference,
    candidates: mediaByReference.keys(),
  };
  return void report(errorAt('unknown-media', keyPath, message, { suggestionQuery }));
}

/** Reads the media of an input: either its own, or the entry of `[media]` that its `ref` names. */
export async function readMediaInput(
  input: MediaReadRequest & { kind: MediaKind; mediaByReference: MediaByReference },
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, keyPath, mediaByReference, report } = input;
  const key = pickOnlyKey([...mediaSourceKeys, 'ref'], input);
  if (key === undefined) return undefined;
  if (key !== 'ref') return readMediaFrom(key, input);
  // The entry determines the MIME type, so an input with both `ref` and `mime` is reported as a conflict.
  if (pickOnlyKey(['ref', 'mime'], input) === undefined || typeof table.ref !== 'string') return undefined;
  const named = findNamedMedia(table.ref, [...keyPath, 'ref'], mediaByReference, report);
  return named && applyInputKind(named, table.ref, input);
}

/** Returns an entry of `[media]` as an input of the given kind. Reports an entry of another kind. */
function applyInputKind(
  media: MediaInput | MediaTemplate,
  ref: string,
  { table, kind, keyPath, report, onTemplate }: MediaReadRequest & { kind: MediaKind },
): MediaInput | MediaTemplate | undefined {
  const refPath = [...keyPath, 'ref'];
  const knownKind = getKnownKind(media);
  if (knownKind !== undefined && knownKind !== kind) {
    const message = `${quote(ref)} is of type ${quote(knownKind)}, not ${quote(kind)}`;
    return void report(errorAt('media-type', refPath, message));
  }
  const mediaResolution = readMediaResolution(table);
  if (media.type === 'media-template') {
    const spec = { ...media.spec, kind, ...(mediaResolution && { mediaResolution }) };
    const template = { ...media, spec, loaded: new Map() };
    onTemplate({ template, keyPath: refPath, entryTemplate: media });
    return template;
  }
  const input = mediaResolution ? { ...media, mediaResolution } : media;
  // The kind of media from a URL is not known yet. The required kind is stored, and checked when the URL is fetched.
  return media.content.from === 'url-to-fetch' ? { ...input, type: kind, content: { ...media.content, kind } } : input;
}

/** Returns the kind of media, if it is known before the media is fetched or its template is rendered. */
function getKnownKind(media: MediaInput | MediaTemplate): MediaKind | undefined {
  if (media.type === 'media') return undefined;
  if (media.type !== 'media-template') return media.type;
  const { mime } = media.spec;
  return mime === undefined ? undefined : getMediaKind(normalizeMimeType(mime));
}
