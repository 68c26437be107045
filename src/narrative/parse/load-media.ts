import { basename, resolve } from 'node:path';
import { maxPdfBytes } from '../../facts/media.js';
import { getMediaKind, inferTypeFromName, normalizeMimeType } from '../../media/media-types.js';
import { getReferenceKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { checkDeclaredType, resolveMediaType } from '../../media/resolve-media-type.js';
import { quote } from '../../toml/toml.js';
import type { MediaInput, MediaSpec } from '../narrative.js';
import { createMediaData, type MediaData, readMediaFile } from './media-file.js';

/** What is wrong with a medium: the rule's name, a sentence, and which of its keys it is about. */
export interface MediaProblem {
  rule: 'media-not-found' | 'media-too-large' | 'media-type' | 'bad-base64' | 'bad-url' | 'url-as-file';
  message: string;
  about: 'source' | 'mime';
}

/** What loading a medium came to. */
export type LoadMediaResult = { media: MediaInput } | { problem: MediaProblem };

/**
 * Reads a medium and finds out its type: for files and base64 whole, of addresses all that can be told without a network.
 * Knows nothing of TOML, so that a file whose name came out of a template is judged in the same way.
 */
export async function loadMedia(spec: MediaSpec): Promise<LoadMediaResult> {
  const { source, mime, kind } = spec;
  const typeProblem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (typeProblem !== undefined) return createMediaProblem('media-type', `"mime" ${typeProblem}`, 'mime');
  if ('url' in source) return loadUrl(source.url, spec);
  return 'file' in source ? loadFile(source.file, spec) : loadBase64(source.base64, spec);
}

async function loadFile(file: string, spec: MediaSpec): Promise<LoadMediaResult> {
  // Joined to the folder it would name that.
  if (file.trim() === '') return createMediaProblem('media-not-found', 'the name of the file is empty');
  const label = spec.label ?? formatFileName(file);
  if (/^(https?|data):/i.test(file)) {
    return createMediaProblem('url-as-file', `${formatUrlFileName(file)} is no file: give a URL as "url"`);
  }
  const mediaData = await readMediaFile(resolve(spec.folder, file));
  if ('problem' in mediaData) {
    const rule = mediaData.problem.reason === 'too-large' ? 'media-too-large' : 'media-not-found';
    return createMediaProblem(rule, `the file ${formatFileName(file)} ${mediaData.problem.message}`);
  }
  return createMediaInput(mediaData, { ...spec, label }, file);
}

/** A reply that was to be a name may be a page long. */
function formatFileName(file: string): string {
  return quote(file.length > 200 ? `${file.slice(0, 200)}…` : file);
}

function formatUrlFileName(file: string): string {
  return /^data:/i.test(file) ? 'a data: URL' : quote(redactUrl(file));
}

async function loadBase64(base64: string, spec: MediaSpec): Promise<LoadMediaResult> {
  const { label = 'the base64' } = spec;
  if (base64.trimStart().startsWith('data:')) {
    return createMediaProblem('bad-base64', `${label} is a data: URL: give only what follows its comma`);
  }
  // Long base64 is written over several lines.
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replace(/=+$/, '').length % 4 === 1) {
    return createMediaProblem('bad-base64', `${label} is no base64`);
  }
  return createMediaInput(createMediaData(Buffer.from(compact, 'base64')), { ...spec, label });
}

async function createMediaInput(
  { content, head, isText, byteLength }: MediaData,
  { label, mime, kind }: MediaSpec & { label: string },
  file?: string,
): Promise<LoadMediaResult> {
  const name = file === undefined ? undefined : basename(file);
  const typeResult = await resolveMediaType({ label, head, isText, name, declaredType: mime, kind });
  if ('problem' in typeResult) return createMediaProblem('media-type', typeResult.problem);
  const { mimeType } = typeResult;
  if (mimeType === 'application/pdf' && byteLength > maxPdfBytes) {
    return createMediaProblem(
      'media-too-large',
      `${label} is larger than ${maxPdfBytes / 1_000_000} MB, the most of a PDF`,
    );
  }
  return { media: { type: typeResult.kind, mimeType, content, name: file ?? label } };
}

/** What stands at an address is found out when it is fetched; what is said of it must agree as far as it goes. */
function loadUrl(url: string, { mime, kind, label }: MediaSpec): LoadMediaResult {
  const urlProblem = validateMediaUrl(url);
  if (urlProblem !== undefined) return createMediaProblem('bad-url', `${label ?? quote(url)} ${urlProblem}`);
  const name = redactUrl(url);
  const declaredType = mime === undefined ? undefined : normalizeMimeType(mime);
  const mimeTypeField = declaredType === undefined ? {} : { mimeType: declaredType };
  const expectedKind = kind ?? (declaredType === undefined ? undefined : getMediaKind(declaredType));
  const reference = getReferenceKind(url);
  if (reference === 'film' && expectedKind !== undefined && expectedKind !== 'video') {
    return createMediaProblem(
      'media-type',
      `${name} is a film, not ${expectedKind === 'image' ? 'a picture' : expectedKind}`,
    );
  }
  if (reference !== undefined) {
    const type = reference === 'film' ? 'video' : (expectedKind ?? 'media');
    return { media: { type, ...mimeTypeField, content: { from: 'reference', uri: url }, name } };
  }
  const typeFromName = inferTypeFromName(new URL(url).pathname);
  const type = expectedKind ?? (typeFromName === undefined ? undefined : getMediaKind(typeFromName));
  const content = { from: 'address', url, ...(kind !== undefined && { kind }) } as const;
  return { media: { type: type ?? 'media', ...mimeTypeField, content, name } };
}

function createMediaProblem(
  rule: MediaProblem['rule'],
  message: string,
  about: MediaProblem['about'] = 'source',
): LoadMediaResult {
  return { problem: { rule, message, about } };
}
