import type { MediaKind } from '../driver/request.js';

/**
 * The types of media that Gemini reads, by kind: ai.google.dev/gemini-api/docs/image-understanding, /audio,
 * /video-understanding and /document-processing, read 2026-11. GIF is not among them ("Unsupported MIME type:
 * image/gif", a 400). Text of any kind is a document too: the model sees it as plain text.
 */
export const supportedTypes: Readonly<Record<MediaKind, readonly string[]>> = {
  image: ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'],
  audio: ['audio/wav', 'audio/mp3', 'audio/aiff', 'audio/aac', 'audio/ogg', 'audio/flac'],
  video: [
    ...['video/mp4', 'video/mpeg', 'video/mov', 'video/avi', 'video/x-flv', 'video/mpg', 'video/webm', 'video/wmv'],
    'video/3gpp',
  ],
  document: ['application/pdf'],
};

/** What Gemini reads of a kind, for a person: the second half of a sentence. */
export const supportedTypesText: Readonly<Record<MediaKind, string>> = {
  image: 'of pictures Gemini reads png, jpeg, webp, heic and heif',
  audio: 'of audio Gemini reads wav, mp3, aiff, aac, ogg and flac',
  video: 'of video Gemini reads mp4, mpeg, mov, avi, flv, webm, wmv and 3gpp',
  document: 'of documents Gemini reads pdf and text',
};

/** The names that files and libraries use, and those that the service takes: it refuses `image/jpg`, seen 2026-01. */
const canonicalTypes: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  // An animated PNG is a PNG, and the service knows it by no other name.
  'image/apng': 'image/png',
  'audio/mpeg': 'audio/mp3',
  'audio/x-mp3': 'audio/mp3',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-aiff': 'audio/aiff',
  'audio/x-aac': 'audio/aac',
  'audio/x-flac': 'audio/flac',
  'audio/vorbis': 'audio/ogg',
  'audio/opus': 'audio/ogg',
  'video/quicktime': 'video/mov',
  'video/vnd.avi': 'video/avi',
  'video/x-msvideo': 'video/avi',
  'video/x-m4v': 'video/mp4',
  'video/x-ms-wmv': 'video/wmv',
  'video/x-ms-asf': 'video/wmv',
  'application/vnd.ms-asf': 'video/wmv',
  'application/x-pdf': 'application/pdf',
  'application/xml': 'text/xml',
  'application/rtf': 'text/rtf',
  'application/json': 'text/plain',
  // As Google's own list has it (docs/document-processing of 2025; the same in its on-premises documentation of 2026).
  'text/markdown': 'text/md',
};

/** A type in the spelling that the service takes: lower case, without parameters such as `; charset=utf-8`. */
export function normalizeMimeType(mime: string): string {
  const type = (mime.split(';')[0] ?? '').trim().toLowerCase();
  return canonicalTypes[type] ?? type;
}

/** The kind that a type in its usual spelling is of; undefined where Gemini reads nothing of that type. */
export function getMediaKind(type: string): MediaKind | undefined {
  if (/^text\/[\w.+-]+$/.test(type)) return 'document';
  return mediaKinds.find((kind) => supportedTypes[kind].includes(type));
}

const mediaKinds = ['image', 'audio', 'video', 'document'] as const satisfies readonly MediaKind[];

/** Whether bytes may go under a stated type: some have two names, HEIC is a kind of HEIF, and text is text. */
export function areTypesCompatible(declared: string, detected: string): boolean {
  return getTypeFamily(declared) === getTypeFamily(detected);
}

function getTypeFamily(type: string): string {
  if (type === 'image/heic') return 'image/heif';
  if (type === 'video/mpg') return 'video/mpeg';
  return type.startsWith('text/') ? 'text' : type;
}

const typesByExtension: Readonly<Record<string, string>> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', heic: 'image/heic' },
  ...{ heif: 'image/heif', wav: 'audio/wav', mp3: 'audio/mp3', aif: 'audio/aiff', aiff: 'audio/aiff' },
  ...{ aac: 'audio/aac', ogg: 'audio/ogg', oga: 'audio/ogg', opus: 'audio/ogg', flac: 'audio/flac' },
  ...{ mp4: 'video/mp4', m4v: 'video/mp4', mpeg: 'video/mpeg', mpg: 'video/mpeg', mov: 'video/mov' },
  ...{ avi: 'video/avi', flv: 'video/x-flv', webm: 'video/webm', wmv: 'video/wmv', '3gp': 'video/3gpp' },
  ...{ pdf: 'application/pdf', html: 'text/html', htm: 'text/html', css: 'text/css', csv: 'text/csv' },
  ...{ xml: 'text/xml', rtf: 'text/rtf', md: 'text/md', markdown: 'text/md', txt: 'text/plain' },
};

/** The type that a file's name speaks for, or undefined where it says nothing. */
export function inferTypeFromName(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(typesByExtension, extension)
    ? typesByExtension[extension]
    : undefined;
}
