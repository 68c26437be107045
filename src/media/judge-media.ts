import type { MediaKind } from '../driver/request.js';
import { foundType } from './found-type.js';
import { isSameType, kindOfType, readableWords, typeOfName, usualType } from './media-types.js';

/** All that is known of a medium. Its bytes count most, then what is stated, then its name. */
export interface Evidence {
  /** What messages call it. */
  words: string;
  /** Its bytes, or so many of the first that they tell the type. */
  head: Uint8Array;
  /** Whether all of its bytes are UTF-8 text. */
  isText: boolean;
  /** Its file's name, or the path of its address. */
  name?: string | undefined;
  /** The type that its `mime` says. */
  stated?: string | undefined;
  /** The kind that the narrative says. */
  kind?: MediaKind | undefined;
  /** The type that the server says which it came from. */
  served?: string | undefined;
}

/** The type to send a medium under, in the service's spelling; or why there is none, as a sentence. */
export type Verdict = { mimeType: string; kind: MediaKind } | { problem: string };

/** What is wrong with a stated type by itself, before there are any bytes; undefined where it may be right. */
export function statedTypeProblem(mime: string, kind: MediaKind | undefined): string | undefined {
  const type = usualType(mime);
  const stated = kindOfType(type);
  if (stated !== undefined && (kind === undefined || kind === stated)) return undefined;
  return `is "${type}": ${readable(kind ?? kindByPrefix(type))}`;
}

/** Finds out which type a medium is of, and whether all that is said of it agrees. */
export async function judgeMedia(evidence: Evidence): Promise<Verdict> {
  const { words, head, isText } = evidence;
  if (head.length === 0) return { problem: `${words} is empty` };
  // Its first two bytes are those of a layer of MPEG audio that nobody uses, and file-type takes it for mp3.
  if (isUtf16(head)) return { problem: notUtf8(words, head) };
  const found = await foundType(head);
  if (found.archive !== undefined) {
    return { problem: `${words} is ${found.archive}, which is not opened: ${readable(evidence.kind)}` };
  }
  const type = found.type === undefined ? undefined : usualType(found.type);
  // Two letters make a bitmap of a text that begins with BM: what is text to its end is text.
  if (isText && (type === undefined || !isReadable(type))) return judgeText(evidence);
  if (type === undefined) return judgeUnknown(evidence);
  if (type.startsWith('text/') && !isText) return { problem: notUtf8(words, head) };
  return agreed(type, evidence);
}

function agreed(type: string, { words, stated, kind, served, name }: Evidence): Verdict {
  const actual = kindOfType(type);
  if (actual === undefined || (kind !== undefined && kind !== actual)) {
    return { problem: `${words} is ${type}: ${readable(kind ?? kindByPrefix(type))}` };
  }
  const own = stated === undefined ? undefined : usualType(stated);
  if (own !== undefined && !isSameType(own, type)) {
    return { problem: `${words} is ${type}, not ${own} as its "mime" says` };
  }
  const servedAs = served === undefined ? undefined : usualType(served);
  const servedKind = servedAs === undefined ? undefined : kindOfType(servedAs);
  if (own === undefined && servedKind !== undefined && servedKind !== actual && servedAs !== 'text/plain') {
    return { problem: `${words} is ${type}, but its server calls it ${servedAs}` };
  }
  // Of text the bytes say little more than that it is some.
  const named = type === 'text/plain' ? (name === undefined ? undefined : typeOfName(name)) : undefined;
  const servedText = type === 'text/plain' && servedAs?.startsWith('text/') ? servedAs : undefined;
  return { mimeType: own ?? named ?? servedText ?? type, kind: actual };
}

function judgeText(evidence: Evidence): Verdict {
  const { words, name, stated, kind } = evidence;
  if (kind !== undefined && kind !== 'document') return { problem: `${words} is text: ${readableWords[kind]}` };
  const own = stated === undefined ? undefined : usualType(stated);
  if (own !== undefined && !own.startsWith('text/')) {
    return { problem: `${words} is text, not ${own} as its "mime" says` };
  }
  const named = name === undefined ? undefined : typeOfName(name);
  if (own === undefined && named !== undefined && !named.startsWith('text/')) {
    return { problem: `${words} is text, not ${named} as its name says` };
  }
  return agreed('text/plain', evidence);
}

/** Formats that may begin with anything: where the bytes say nothing, the name may. */
const withoutSignature = ['audio/mp3', 'audio/aac', 'video/mpeg', 'video/mpg'];

function judgeUnknown(evidence: Evidence): Verdict {
  const { words, head, name, stated, kind } = evidence;
  const said = stated === undefined ? (name === undefined ? undefined : typeOfName(name)) : usualType(stated);
  if (said?.startsWith('text/')) return { problem: notUtf8(words, head) };
  if (said !== undefined && withoutSignature.includes(said)) return agreed(said, evidence);
  if (said !== undefined) {
    return { problem: `${words} is not ${said} as its ${stated === undefined ? 'name' : '"mime"'} says` };
  }
  return { problem: `${words} is of no type that is known: ${readable(kind)}` };
}

function notUtf8(words: string, head: Uint8Array): string {
  return `${words} is ${isUtf16(head) ? 'UTF-16' : 'no UTF-8'} text: save it as UTF-8`;
}

function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

function isReadable(type: string): boolean {
  return kindOfType(type) !== undefined;
}

function kindByPrefix(type: string): MediaKind | undefined {
  const prefix = type.split('/')[0];
  return prefix === 'image' || prefix === 'audio' || prefix === 'video' ? prefix : undefined;
}

function readable(kind: MediaKind | undefined): string {
  return kind === undefined ? 'Gemini reads pictures, audio, video, pdf and text' : readableWords[kind];
}
