import type { MediaKind } from '../driver/request.js';
import { detectType } from './detect-type.js';
import {
  areTypesCompatible,
  getMediaKind,
  inferTypeFromName,
  normalizeMimeType,
  supportedTypesText,
} from './media-types.js';

/** All that is known of a medium. Its bytes count most, then what is stated, then its name. */
export interface MediaTypeHints {
  /** What messages call it. */
  label: string;
  /** Its bytes, or so many of the first that they tell the type. */
  head: Uint8Array;
  /** Whether all of its bytes are UTF-8 text. */
  isText: boolean;
  /** Its file's name, or the path of its address. */
  name?: string | undefined;
  /** The type that its `mime` says. */
  declaredType?: string | undefined;
  /** The kind that the narrative says. */
  kind?: MediaKind | undefined;
  /** The type that the server says which it came from. */
  serverType?: string | undefined;
}

/** The type to send a medium under, in the service's spelling; or why there is none, as a sentence. */
export type MediaTypeResult = { mimeType: string; kind: MediaKind } | { problem: string };

/** What is wrong with a stated type by itself, before there are any bytes; undefined where it may be right. */
export function checkDeclaredType(mime: string, kind: MediaKind | undefined): string | undefined {
  const type = normalizeMimeType(mime);
  const declaredKind = getMediaKind(type);
  if (declaredKind !== undefined && (kind === undefined || kind === declaredKind)) return undefined;
  return `is "${type}": ${describeSupportedTypes(kind ?? guessKind(type))}`;
}

/** Finds out which type a medium is of, and whether all that is said of it agrees. */
export async function resolveMediaType(hints: MediaTypeHints): Promise<MediaTypeResult> {
  const { label, head, isText } = hints;
  if (head.length === 0) return { problem: `${label} is empty` };
  // Its first two bytes are those of a layer of MPEG audio that nobody uses, and file-type takes it for mp3.
  if (hasUtf16Bom(head)) return { problem: formatEncodingProblem(label, head) };
  const detected = await detectType(head);
  if (detected.archive !== undefined) {
    return { problem: `${label} is ${detected.archive}, which is not opened: ${describeSupportedTypes(hints.kind)}` };
  }
  const type = detected.type === undefined ? undefined : normalizeMimeType(detected.type);
  // Two letters make a bitmap of a text that begins with BM: what is text to its end is text.
  if (isText && (type === undefined || !isSupportedType(type))) return resolveTextType(hints);
  if (type === undefined) return resolveUnknownType(hints);
  if (type.startsWith('text/') && !isText) return { problem: formatEncodingProblem(label, head) };
  return reconcileTypes(type, hints);
}

function reconcileTypes(
  type: string,
  { label, declaredType, kind, serverType, name }: MediaTypeHints,
): MediaTypeResult {
  const actualKind = getMediaKind(type);
  if (actualKind === undefined || (kind !== undefined && kind !== actualKind)) {
    return { problem: `${label} is ${type}: ${describeSupportedTypes(kind ?? guessKind(type))}` };
  }
  const declared = declaredType === undefined ? undefined : normalizeMimeType(declaredType);
  if (declared !== undefined && !areTypesCompatible(declared, type)) {
    return { problem: `${label} is ${type}, not ${declared} as its "mime" says` };
  }
  const normalizedServerType = serverType === undefined ? undefined : normalizeMimeType(serverType);
  const serverKind = normalizedServerType === undefined ? undefined : getMediaKind(normalizedServerType);
  if (
    declared === undefined &&
    serverKind !== undefined &&
    serverKind !== actualKind &&
    normalizedServerType !== 'text/plain'
  ) {
    return { problem: `${label} is ${type}, but its server calls it ${normalizedServerType}` };
  }
  // Of text the bytes say little more than that it is some.
  const typeFromName = type === 'text/plain' ? (name === undefined ? undefined : inferTypeFromName(name)) : undefined;
  const serverTextType =
    type === 'text/plain' && normalizedServerType?.startsWith('text/') ? normalizedServerType : undefined;
  return { mimeType: declared ?? typeFromName ?? serverTextType ?? type, kind: actualKind };
}

function resolveTextType(hints: MediaTypeHints): MediaTypeResult {
  const { label, name, declaredType, kind } = hints;
  if (kind !== undefined && kind !== 'document') return { problem: `${label} is text: ${supportedTypesText[kind]}` };
  const declared = declaredType === undefined ? undefined : normalizeMimeType(declaredType);
  if (declared !== undefined && !declared.startsWith('text/')) {
    return { problem: `${label} is text, not ${declared} as its "mime" says` };
  }
  const typeFromName = name === undefined ? undefined : inferTypeFromName(name);
  if (declared === undefined && typeFromName !== undefined && !typeFromName.startsWith('text/')) {
    return { problem: `${label} is text, not ${typeFromName} as its name says` };
  }
  return reconcileTypes('text/plain', hints);
}

/** Formats that may begin with anything: where the bytes say nothing, the name may. */
const typesWithoutSignature = ['audio/mp3', 'audio/aac', 'video/mpeg', 'video/mpg'];

function resolveUnknownType(hints: MediaTypeHints): MediaTypeResult {
  const { label, head, name, declaredType, kind } = hints;
  const claimedType =
    declaredType === undefined
      ? name === undefined
        ? undefined
        : inferTypeFromName(name)
      : normalizeMimeType(declaredType);
  if (claimedType?.startsWith('text/')) return { problem: formatEncodingProblem(label, head) };
  if (claimedType !== undefined && typesWithoutSignature.includes(claimedType))
    return reconcileTypes(claimedType, hints);
  if (claimedType !== undefined) {
    return { problem: `${label} is not ${claimedType} as its ${declaredType === undefined ? 'name' : '"mime"'} says` };
  }
  return { problem: `${label} is of no type that is known: ${describeSupportedTypes(kind)}` };
}

function formatEncodingProblem(label: string, head: Uint8Array): string {
  return `${label} is ${hasUtf16Bom(head) ? 'UTF-16' : 'no UTF-8'} text: save it as UTF-8`;
}

function hasUtf16Bom([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

function isSupportedType(type: string): boolean {
  return getMediaKind(type) !== undefined;
}

function guessKind(type: string): MediaKind | undefined {
  const prefix = type.split('/')[0];
  return prefix === 'image' || prefix === 'audio' || prefix === 'video' ? prefix : undefined;
}

function describeSupportedTypes(kind: MediaKind | undefined): string {
  return kind === undefined ? 'Gemini reads pictures, audio, video, pdf and text' : supportedTypesText[kind];
}
