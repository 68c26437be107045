import type { MediaKind } from '../driver/request.js';
import { hasUtf16Bom } from '../util/utf16.js';
import {
  areTypesCompatible,
  getMediaKind,
  inferTypeFromName,
  normalizeMimeType,
  supportedTypesText,
} from './media-types.js';
import { readTrackHandlers } from './mp4-tracks.js';

/** What is known about media. If the bytes do not show the type, the declared type decides, or else the name. */
interface MediaTypeHints {
  /** The name in messages. */
  label: string;
  /** All bytes, or enough of the first bytes to detect the type. */
  head: Uint8Array;
  /** Whether all bytes are UTF-8 text. */
  isText: boolean;
  /** The file name, or the path of the URL. */
  name?: string | undefined;
  /** The type in the `mime` key. */
  declaredType?: string | undefined;
  /** The kind that the narrative expects. */
  kind?: MediaKind | undefined;
  /** The type in the server's response. */
  serverType?: string | undefined;
}

/** The type to send, in the service's spelling, or a sentence that explains why the media can't be sent. */
type MediaTypeResult = { ok: true; mimeType: string; kind: MediaKind } | Failure;

type Failure = { ok: false; problem: string };

/**
 * Checks a declared type before the bytes are known. Returns undefined if the type may be right. Otherwise returns what
 * is wrong, to be put after the name of the key: `is "image/gif"; supported types: …`.
 */
export function checkDeclaredType(mime: string, kind: MediaKind | undefined): string | undefined {
  const type = normalizeMimeType(mime);
  const declaredKind = getMediaKind(type);
  if (declaredKind !== undefined && (kind === undefined || kind === declaredKind)) return undefined;
  return `is "${type}"; ${describeSupportedTypes(kind ?? guessKind(type))}`;
}

/**
 * Detects the type of media from its bytes, and checks that the declared type, the kind and the server agree with it.
 * The name matters only for text, and for types that the bytes do not show.
 */
export async function resolveMediaType(hints: MediaTypeHints): Promise<MediaTypeResult> {
  const { label, head, isText } = hints;
  if (head.length === 0) return fail(`${label} is empty`);
  // The package file-type takes UTF-16 text for mp3: the byte order mark is also the header of an unused MPEG layer.
  if (hasUtf16Bom(head)) return fail(formatEncodingProblem(label, head));
  const archive = detectArchive(head);
  if (archive !== undefined) {
    return fail(`${label} is ${archive}, which Gemini can't read; ${describeSupportedTypes(hints.kind)}`);
  }
  const { fileTypeFromBuffer } = await import('file-type/core');
  const detected = await fileTypeFromBuffer(head);
  const type = detected && refineContainerType(normalizeMimeType(detected.mime), hints);
  // file-type takes every text that begins with BM for a bitmap, which is not a supported type. So a text is text
  // unless its detected type is supported.
  if (isText && (type === undefined || getMediaKind(type) === undefined)) return resolveTextType(hints);
  if (type === undefined) return resolveUnknownType(hints);
  if (type.startsWith('text/') && !isText) return fail(formatEncodingProblem(label, head));
  return reconcileTypes(type, hints);
}

/** The containers that may hold sound without pictures: their audio type by their video type. */
const audioTypeByContainer: Readonly<Record<string, string>> = { 'video/mp4': 'audio/m4a', 'video/webm': 'audio/webm' };

/**
 * Returns the audio type of a container that holds only sound, such as the recording of a phone or a browser. Returns
 * the video type of any other container, and every other type as it is. The first bytes of a container are the same
 * with and without pictures. A track with pictures makes the container a video. Otherwise the declared type decides, or
 * else the kind that the narrative expects. If neither is given, a track with sound makes the container audio. If no
 * track is found, the container is audio only if its name or the server says so.
 */
function refineContainerType(type: string, { head, declaredType, kind, name, serverType }: MediaTypeHints): string {
  const audioType = audioTypeByContainer[type];
  if (audioType === undefined) return type;
  const handlers = type === 'video/mp4' ? readTrackHandlers(head) : undefined;
  if (handlers?.has('vide')) return type;
  const declared = declaredType && normalizeMimeType(declaredType);
  const expectedKind = (declared && getMediaKind(declared)) ?? kind;
  if (expectedKind !== undefined) return expectedKind === 'audio' ? audioType : type;
  if (handlers?.has('soun')) return audioType;
  const isNamedAudio = [inferTypeFromName(name), serverType && normalizeMimeType(serverType)].includes(audioType);
  return isNamedAudio ? audioType : type;
}

function fail(problem: string): Failure {
  return { ok: false, problem };
}

/**
 * Returns what kind of archive the bytes are, if any. Archives are detected before file-type gets the bytes, because
 * file-type 21.3 would decompress archives (`tar.gz`, `docx`).
 */
function detectArchive(head: Uint8Array): string | undefined {
  return archiveSignatures.find(([signature]) => signature.every((byte, index) => head[index] === byte))?.[1];
}

const archiveSignatures: readonly (readonly [signature: readonly number[], name: string])[] = [
  [[0x50, 0x4b, 3, 4], 'a zip archive'],
  [[0x50, 0x4b, 5, 6], 'a zip archive'],
  [[0x50, 0x4b, 7, 8], 'a zip archive'],
  [[0x1f, 0x8b], 'a gzip archive'],
];

function reconcileTypes(type: string, hints: MediaTypeHints): MediaTypeResult {
  const { label, declaredType, kind, serverType, name } = hints;
  const actualKind = getMediaKind(type);
  if (actualKind === undefined || (kind !== undefined && kind !== actualKind)) {
    return fail(`${label} is ${type}; ${describeSupportedTypes(kind ?? guessKind(type))}`);
  }
  const declared = declaredType && normalizeMimeType(declaredType);
  if (declared !== undefined && !areTypesCompatible(declared, type)) {
    return fail(`${label} is ${type}, but its "mime" says ${declared}`);
  }
  const fromServer = serverType && normalizeMimeType(serverType);
  const serverKind = fromServer && getMediaKind(fromServer);
  // Some servers send text/plain for every file whose type they do not know.
  const isServerWrong = serverKind && serverKind !== actualKind && fromServer !== 'text/plain';
  // A server derives the type from the file's name, which does not tell whether a container holds only sound.
  if (declared === undefined && isServerWrong && audioTypeByContainer[fromServer] !== type) {
    return fail(`${label} is ${type}, but its server says ${fromServer}`);
  }
  if (declared !== undefined || type !== 'text/plain')
    return { ok: true, mimeType: declared ?? type, kind: actualKind };
  // The exact type of a text is not visible in its bytes, so its name or the server decides.
  const mimeType = inferTypeFromName(name) ?? (fromServer?.startsWith('text/') ? fromServer : type);
  return { ok: true, mimeType, kind: actualKind };
}

function resolveTextType(hints: MediaTypeHints): MediaTypeResult {
  const { label, name, declaredType, kind } = hints;
  if (kind !== undefined && kind !== 'document') return fail(`${label} is text; ${supportedTypesText[kind]}`);
  const declared = declaredType && normalizeMimeType(declaredType);
  if (declared !== undefined && !declared.startsWith('text/')) {
    return fail(`${label} is text, but its "mime" says ${declared}`);
  }
  const typeFromName = inferTypeFromName(name);
  if (declared === undefined && typeFromName !== undefined && !typeFromName.startsWith('text/')) {
    return fail(`${label} is text, but its name says ${typeFromName}`);
  }
  return reconcileTypes('text/plain', hints);
}

/** Types whose files may lack a signature. If the bytes are not recognized, the declared type or the name decides. */
const typesThatMayLackSignature = ['audio/mp3', 'audio/aac', 'video/mpeg', 'video/mpg'];

function resolveUnknownType(hints: MediaTypeHints): MediaTypeResult {
  const { label, head, name, declaredType, kind } = hints;
  const claimedType = (declaredType && normalizeMimeType(declaredType)) ?? inferTypeFromName(name);
  if (claimedType === undefined) return fail(`${label} has an unknown type; ${describeSupportedTypes(kind)}`);
  if (claimedType.startsWith('text/')) return fail(formatEncodingProblem(label, head));
  if (typesThatMayLackSignature.includes(claimedType)) return reconcileTypes(claimedType, hints);
  return fail(`${label} is not ${claimedType}, although its ${declaredType === undefined ? 'name' : '"mime"'} says so`);
}

function formatEncodingProblem(label: string, head: Uint8Array): string {
  return `${label} is ${hasUtf16Bom(head) ? 'UTF-16' : 'not UTF-8'} text; save it as UTF-8`;
}

function guessKind(type: string): MediaKind | undefined {
  const prefix = type.split('/')[0];
  return prefix === 'image' || prefix === 'audio' || prefix === 'video' ? prefix : undefined;
}

function describeSupportedTypes(kind: MediaKind | undefined): string {
  return kind === undefined ? 'supported types: images, audio, video, pdf and text' : supportedTypesText[kind];
}
