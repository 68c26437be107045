import { type Fault, fault } from '../toml/fault.js';
import { isTable, type Path, quoted, type TomlValue, valueWords } from '../toml/toml.js';
import { imageTypes, imageTypeWords, isSameType, typeOfBytes, usualType } from './image-type.js';
import { type MediaBytes, type MediaSource, mediaBytes } from './media-bytes.js';
import type { MediaInput } from './narrative.js';
import { notYet } from './not-yet.js';

/** Reads the picture that a table names or holds. What is wrong with it is reported, and there is no picture then. */
export async function readMedia(source: MediaSource): Promise<MediaInput | undefined> {
  const { table, path, report } = source;
  const stated = typeof table.mime === 'string' ? usualType(table.mime) : undefined;
  const isReadable = stated === undefined || imageTypes.includes(stated);
  if (!isReadable) {
    const mimePath = [...path, 'mime'];
    report(unreadableType(stated, mimePath, `${valueWords(mimePath)} is ${quoted(stated)}`));
  }
  const media = await mediaBytes(source);
  // Bytes of a type that is refused already are not looked at: they would be refused a second time.
  if (!media || !isReadable) return undefined;
  const found = await typeOfBytes(media.bytes);
  const problem = typeProblem(media, found, stated);
  if (problem) report(problem);
  if (problem || found === undefined) return undefined;
  return { type: 'image', mimeType: stated ?? found, base64: media.bytes.toString('base64') };
}

function typeProblem(media: MediaBytes, found: string | undefined, stated: string | undefined): Fault | undefined {
  const { bytes, words, path } = media;
  if (bytes.length === 0) return fault('media-type', path, `${words} is empty`);
  if (found === undefined) return fault('media-type', path, `${words} is no picture: Gemini reads ${imageTypeWords}`);
  if (!imageTypes.includes(found)) return unreadableType(found, path, `${words} is ${found}`);
  if (stated === undefined || isSameType(stated, found)) return undefined;
  return fault('media-type', path, `${words} is ${found}, not ${stated} as its "mime" says`);
}

/** Sound, film and documents will be read one day where any media may stand, which is in `[media]`. */
function unreadableType(type: string, path: Path, words: string): Fault {
  if (path[0] === 'media' && /^(audio|video)\/|^application\/pdf$/.test(type))
    return notYet(path, `media of type ${type}`);
  return fault('media-type', path, `${words}: of pictures Gemini reads ${imageTypeWords}`);
}

/** Media by what acts call them: `media.<name>`. Those that could not be read are there too, as undefined. */
export type NamedMedia = ReadonlyMap<string, MediaInput | undefined>;

/** Reads all of `[media]`. */
export async function readNamedMedia({
  media,
  ...context
}: Pick<MediaSource, 'folder' | 'report'> & { media: TomlValue | undefined }): Promise<NamedMedia> {
  const named = new Map<string, MediaInput | undefined>();
  for (const [name, table] of Object.entries(isTable(media) ? media : {})) {
    const path = ['media', name];
    if (name.trim() === '') context.report(fault('empty-name', path, 'a medium has an empty name', { target: 'key' }));
    named.set(`media.${name}`, isTable(table) ? await readMedia({ table, path, ...context }) : undefined);
  }
  return named;
}
