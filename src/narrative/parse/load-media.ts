import { basename, resolve } from 'node:path';
import { maxPdfBytes } from '../../facts/media.js';
import { getMediaKind, inferTypeFromName, normalizeMimeType } from '../../media/media-types.js';
import { getReferenceKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { checkDeclaredType, resolveMediaType } from '../../media/resolve-media-type.js';
import { quote } from '../../toml/toml.js';
import type { MediaInput, MediaSpec } from '../narrative.js';
import { createMediaData, type MediaData, readMediaFile } from './media-file.js';

/** Why media can't be used: the rule, a message, and the key that it is about. */
export interface MediaProblem {
  rule: 'media-not-found' | 'media-too-large' | 'media-type' | 'bad-base64' | 'bad-url' | 'url-as-file';
  message: string;
  about: 'source' | 'mime';
}

/** The media, or why it can't be used. */
export type LoadMediaResult = { ok: true; media: MediaInput } | { ok: false; problem: MediaProblem };

/**
 * Reads media and detects its type. URLs are not fetched: only what is known without a network is checked. It is independent
 * of TOML, because file names can also come from templates.
 */
export async function loadMedia(spec: MediaSpec): Promise<LoadMediaResult> {
  const { source, mime, kind } = spec;
  const typeProblem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (typeProblem !== undefined) return createMediaProblem('media-type', `"mime" ${typeProblem}`, 'mime');
  if ('url' in source) return loadUrl(source.url, spec);
  return 'file' in source ? loadFile(source.file, spec) : loadBase64(source.base64, spec);
}

async function loadFile(file: string, spec: MediaSpec): Promise<LoadMediaResult> {
  // An empty name would resolve to the folder itself.
  if (file.trim() === '') return createMediaProblem('media-not-found', 'the file name is empty');
  const label = spec.label ?? formatFileName(file);
  if (/^(https?|data):/i.test(file)) {
    return createMediaProblem('url-as-file', `${formatUrlFileName(file)} is not a file; write a URL as "url"`);
  }
  const mediaData = await readMediaFile(resolve(spec.folder, file));
  if (!mediaData.ok) {
    const rule = mediaData.problem.reason === 'too-large' ? 'media-too-large' : 'media-not-found';
    return createMediaProblem(rule, `the file ${formatFileName(file)} ${mediaData.problem.message}`);
  }
  return createMediaInput(mediaData, { ...spec, label }, file);
}

/** Cuts long names: a reply that is used as a name may be a whole page. */
function formatFileName(file: string): string {
  return quote(file.length > 200 ? `${file.slice(0, 200)}…` : file);
}

function formatUrlFileName(file: string): string {
  return /^data:/i.test(file) ? 'a data: URL' : quote(redactUrl(file));
}

async function loadBase64(base64: string, spec: MediaSpec): Promise<LoadMediaResult> {
  const { label = 'the base64' } = spec;
  if (base64.trimStart().startsWith('data:')) {
    return createMediaProblem('bad-base64', `${label} is a data: URL; write only the part after its comma`);
  }
  // Long base64 may span several lines.
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replace(/=+$/, '').length % 4 === 1) {
    return createMediaProblem('bad-base64', `${label} is not valid base64`);
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
  if (!typeResult.ok) return createMediaProblem('media-type', typeResult.problem);
  const { mimeType } = typeResult;
  if (mimeType === 'application/pdf' && byteLength > maxPdfBytes) {
    return createMediaProblem(
      'media-too-large',
      `${label} is larger than ${maxPdfBytes / 1_000_000} MB, the limit for a PDF`,
    );
  }
  return { ok: true, media: { type: typeResult.kind, mimeType, content, name: file ?? label } };
}

/** The type of a URL is detected when it is fetched. What the narrative says about it must be consistent. */
function loadUrl(url: string, { mime, kind, label }: MediaSpec): LoadMediaResult {
  const urlProblem = validateMediaUrl(url);
  if (urlProblem !== undefined) return createMediaProblem('bad-url', `${label ?? quote(url)} ${urlProblem}`);
  const name = redactUrl(url);
  const declaredType = mime === undefined ? undefined : normalizeMimeType(mime);
  const mimeTypeField = declaredType === undefined ? {} : { mimeType: declaredType };
  const expectedKind = kind ?? (declaredType === undefined ? undefined : getMediaKind(declaredType));
  const reference = getReferenceKind(url);
  if (reference === 'video' && expectedKind !== undefined && expectedKind !== 'video') {
    return createMediaProblem('media-type', `${name} is of type "video", not ${quote(expectedKind)}`);
  }
  if (reference !== undefined) {
    const type = reference === 'video' ? 'video' : (expectedKind ?? 'media');
    return { ok: true, media: { type, ...mimeTypeField, content: { from: 'reference', uri: url }, name } };
  }
  const typeFromName = inferTypeFromName(new URL(url).pathname);
  const type = expectedKind ?? (typeFromName === undefined ? undefined : getMediaKind(typeFromName));
  const content = { from: 'address', url, ...(kind !== undefined && { kind }) } as const;
  return { ok: true, media: { type: type ?? 'media', ...mimeTypeField, content, name } };
}

function createMediaProblem(
  rule: MediaProblem['rule'],
  message: string,
  about: MediaProblem['about'] = 'source',
): LoadMediaResult {
  return { ok: false, problem: { rule, message, about } };
}
