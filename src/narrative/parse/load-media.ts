import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { MediaContent } from '../../driver/request.js';
import { maxPdfBytes, maxUploadBytes } from '../../facts/media.js';
import { getMediaKind, inferTypeFromName, normalizeMimeType } from '../../media/media-types.js';
import { getServiceReadableKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { createPlainTextDetector, isPlainText } from '../../media/plain-text.js';
import { checkDeclaredType, resolveMediaType } from '../../media/resolve-media-type.js';
import { quote } from '../../toml/toml.js';
import { isBase64 } from '../../util/json.js';
import { convertSystemError, getRegularFileSize, readRegularFile } from '../../util/read-regular-file.js';
import { truncateWithEllipsis } from '../../util/utf16.js';
import { findOutsideProblem } from '../allowed-folder.js';
import type { MediaInput, MediaSpec, MediaTemplate } from '../narrative.js';

/** Files up to this size are kept in memory after the check. Larger files are read again when they are sent. */
const maxInMemoryBytes = 4_000_000;

/** Why media can't be used: the rule, a message, and whether the message is about the source or the `mime`. */
export interface MediaProblem {
  rule:
    | 'media-not-found'
    | 'media-too-large'
    | 'media-type'
    | 'bad-base64'
    | 'bad-url'
    | 'url-as-file'
    | 'outside-folder';
  message: string;
  about: 'source' | 'mime';
}

/** The media, or the reason why it can't be used. */
export type LoadMediaResult = { ok: true; media: MediaInput } | { ok: false; problem: MediaProblem };

/**
 * Reads media and detects its type. URLs are not fetched, so only what is known without a network is checked. Problems
 * do not say at which key of the narrative they occurred, because a run that renders the `file` or `url` of media does
 * not know the key.
 */
export async function loadMedia(spec: MediaSpec): Promise<LoadMediaResult> {
  const { source, mime, kind } = spec;
  const typeProblem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (typeProblem !== undefined) return createMediaProblem('media-type', `"mime" ${typeProblem}`, 'mime');
  return addResolution(await loadSource(source, spec), spec);
}

async function loadSource(source: MediaSpec['source'], spec: MediaSpec): Promise<LoadMediaResult> {
  if ('url' in source) return createUrlMedia(source.url, spec);
  return 'file' in source ? loadFile(source.file, spec) : loadBase64(source.base64, spec);
}

function addResolution(result: LoadMediaResult, { mediaResolution }: MediaSpec): LoadMediaResult {
  return result.ok && mediaResolution ? { ...result, media: { ...result.media, mediaResolution } } : result;
}

/**
 * Reads the media of a template. The media is not read again if it is in `loaded`: media whose file name or URL depends
 * only on variables is read together with the narrative.
 * @param fileOrUrl the rendered text of the template
 */
export async function loadMediaTemplate(
  { sourceKey, spec, loaded }: MediaTemplate,
  fileOrUrl: string,
): Promise<LoadMediaResult> {
  const existing = loaded.get(fileOrUrl);
  if (existing) return { ok: true, media: existing };
  return loadMedia({ ...spec, source: sourceKey === 'file' ? { file: fileOrUrl } : { url: fileOrUrl } });
}

async function loadFile(file: string, spec: MediaSpec): Promise<LoadMediaResult> {
  // An empty name would resolve to the folder itself.
  if (file.trim() === '') return createMediaProblem('media-not-found', 'the file name is empty');
  const nameInMessages = spec.label ?? formatFileName(file);
  if (/^(https?|data):/i.test(file)) {
    const problem = /^data:/i.test(file)
      ? 'a data: URL is not a file; write the part after its comma as "base64"'
      : `${quote(redactUrl(file))} is not a file; write a URL as "url"`;
    return createMediaProblem('url-as-file', problem);
  }
  const path = resolve(spec.folder, file);
  const outsideProblem = findOutsideProblem(path, `the file ${formatFileName(file)}`, spec.confinement);
  if (outsideProblem !== undefined) return createMediaProblem('outside-folder', outsideProblem);
  const mediaData = await readMediaFile(path);
  if (!mediaData.ok) {
    const rule = mediaData.problem.reason === 'too-large' ? 'media-too-large' : 'media-not-found';
    return createMediaProblem(rule, `the file ${formatFileName(file)} ${mediaData.problem.message}`);
  }
  return createMediaInput(mediaData, { ...spec, label: nameInMessages }, file);
}

/** Quotes a file name. Truncates it, because a reply that is used as a name may be very long. */
export function formatFileName(file: string): string {
  return quote(truncateWithEllipsis(file, 200));
}

async function loadBase64(base64: string, spec: MediaSpec): Promise<LoadMediaResult> {
  const { label: nameInMessages = 'the base64' } = spec;
  if (base64.trimStart().startsWith('data:')) {
    return createMediaProblem('bad-base64', `${nameInMessages} is a data: URL; write only the part after its comma`);
  }
  // Long base64 may span several lines.
  const compact = base64.replace(/\s+/g, '');
  if (!isBase64(compact)) {
    return createMediaProblem('bad-base64', `${nameInMessages} is not valid base64`);
  }
  return createMediaInput(createMediaData(Buffer.from(compact, 'base64')), { ...spec, label: nameInMessages });
}

async function createMediaInput(
  { content, head, isText, byteLength }: MediaData,
  { label: nameInMessages, mime, kind }: MediaSpec & { label: string },
  file?: string,
): Promise<LoadMediaResult> {
  const name = file === undefined ? undefined : basename(file);
  const typeResult = await resolveMediaType({ label: nameInMessages, head, isText, name, declaredType: mime, kind });
  if (!typeResult.ok) return createMediaProblem('media-type', typeResult.problem);
  const { mimeType } = typeResult;
  if (mimeType === 'application/pdf' && byteLength > maxPdfBytes) {
    const message = `${nameInMessages} is larger than ${maxPdfBytes / 1_000_000} MB, the limit for a PDF`;
    return createMediaProblem('media-too-large', message);
  }
  return { ok: true, media: { type: typeResult.kind, mimeType, content, name: file ?? nameInMessages } };
}

/** Creates the media of a URL without fetching it. Fails if the URL is not valid or contradicts the declared type. */
function createUrlMedia(
  url: string,
  { mime, kind, label: nameInMessages, confinement: allowedFolder }: MediaSpec,
): LoadMediaResult {
  const urlProblem = validateMediaUrl(url);
  if (urlProblem !== undefined) return createMediaProblem('bad-url', `${nameInMessages ?? quote(url)} ${urlProblem}`);
  const name = redactUrl(url);
  const declaredType = mime === undefined ? undefined : normalizeMimeType(mime);
  const mimeTypeField = declaredType === undefined ? {} : { mimeType: declaredType };
  const expectedKind = kind ?? (declaredType === undefined ? undefined : getMediaKind(declaredType));
  const serviceReadableKind = getServiceReadableKind(url);
  if (serviceReadableKind === 'video' && expectedKind !== undefined && expectedKind !== 'video') {
    return createMediaProblem('media-type', `${name} is of type "video", not ${quote(expectedKind)}`);
  }
  // The service reads this URL itself, so boticelli sends only the URL.
  if (serviceReadableKind !== undefined) {
    const type = serviceReadableKind === 'video' ? 'video' : (expectedKind ?? 'media');
    return { ok: true, media: { type, ...mimeTypeField, content: { from: 'url-for-service', uri: url }, name } };
  }
  const typeFromName = inferTypeFromName(new URL(url).pathname);
  const type = expectedKind ?? (typeFromName === undefined ? undefined : getMediaKind(typeFromName));
  const content: MediaContent = {
    from: 'url-to-fetch',
    url,
    ...(kind !== undefined && { kind }),
    // `allowedFolder` is a folder that the user does not trust, and whose settings choose the address of the service.
    // The author of the folder receives everything that is sent, and may have written the URL. A URL with a private
    // address could give the author a document of the user's network, so only public addresses are fetched.
    ...(allowedFolder && { publicOnly: true }),
  };
  return { ok: true, media: { type: type ?? 'media', ...mimeTypeField, content, name } };
}

/** What is known about media whose bytes were read. */
interface MediaData {
  ok: true;
  content: MediaContent;
  /** All bytes, or the first ones of a large file. */
  head: Uint8Array;
  isText: boolean;
  /** The size in bytes. */
  byteLength: number;
}

/** Reads a media file. For a large file, only the path, the size and the hash are kept. */
async function readMediaFile(path: string) {
  const sizeResult = getRegularFileSize(path, maxUploadBytes);
  if (!sizeResult.ok) return sizeResult;
  if (sizeResult.size > maxInMemoryBytes) return hashMediaFile(path).catch(convertSystemError);
  const content = readRegularFile(path, maxInMemoryBytes);
  if (content.ok) return createMediaData(content.bytes);
  if (content.problem.reason !== 'too-large') return content;
  // For example, files of `/proc` have content although their reported size is 0.
  const message = `is larger than ${maxInMemoryBytes / 1_000_000} MB, but its reported size is ${sizeResult.size} bytes`;
  return { ok: false as const, problem: { reason: 'unreadable' as const, message } };
}

/** Creates media from bytes. */
function createMediaData(bytes: Buffer): MediaData {
  const content: MediaContent = { from: 'bytes', base64: bytes.toString('base64') };
  return { ok: true, content, head: bytes, isText: isPlainText(bytes), byteLength: bytes.length };
}

async function hashMediaFile(path: string) {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const textDetector = createPlainTextDetector();
  let head = Buffer.alloc(0);
  let byteLength = 0;
  // `end` is inclusive, so at most one byte more than the limit is read.
  for await (const chunk of createReadStream(path, { highWaterMark: maxInMemoryBytes, end: maxUploadBytes })) {
    if (byteLength === 0) head = chunk;
    byteLength += chunk.length;
    hash.update(chunk);
    textDetector.add(chunk);
  }
  if (byteLength > maxUploadBytes) {
    const message = `is larger than ${maxUploadBytes / 1_000_000} MB`;
    return { ok: false as const, problem: { reason: 'too-large' as const, message } };
  }
  const content: MediaContent = { from: 'file', path, byteLength, sha256: hash.digest('hex') };
  return { ok: true as const, content, head, isText: textDetector.finish(), byteLength };
}

function createMediaProblem(
  rule: MediaProblem['rule'],
  message: string,
  about: MediaProblem['about'] = 'source',
): LoadMediaResult {
  return { ok: false, problem: { rule, message, about } };
}
