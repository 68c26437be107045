import type { MediaKind } from '../driver/request.js';

/** The kinds of media. */
export const mediaKinds = ['image', 'audio', 'video', 'document'] as const satisfies readonly MediaKind[];

/**
 * The MIME types that Gemini reads, by kind: ai.google.dev/gemini-api/docs/image-understanding, /audio,
 * /video-understanding and /document-processing, read 2026-11. GIF is not supported ("Unsupported MIME type:
 * image/gif", a 400). Every type of text is a document too: the model reads it as plain text.
 *
 * M4A and WebM audio are not on those pages. Both are in Google's documentation of the same models
 * (docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/audio-understanding, read 2026-11) and among the audio
 * types of the Interactions API in @google/genai 2.32. generateContent transcribed M4A as audio/m4a and as audio/mp4
 * (third party, github.com/withceleste/celeste-python issue 328).
 */
const supportedTypes: Readonly<Record<MediaKind, readonly string[]>> = {
  image: ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'],
  audio: ['audio/wav', 'audio/mp3', 'audio/aiff', 'audio/aac', 'audio/m4a', 'audio/ogg', 'audio/flac', 'audio/webm'],
  video: [
    ...['video/mp4', 'video/mpeg', 'video/mov', 'video/avi', 'video/x-flv', 'video/mpg', 'video/webm', 'video/wmv'],
    'video/3gpp',
  ],
  document: ['application/pdf'],
};

/** The supported types of a kind, as the second half of a message. */
export const supportedTypesText: Readonly<Record<MediaKind, string>> = {
  image: 'supported image types: png, jpeg, webp, heic and heif',
  audio: 'supported audio types: wav, mp3, aiff, aac, m4a, ogg, flac and webm',
  video: 'supported video types: mp4, mpeg, mov, avi, flv, webm, wmv and 3gpp',
  document: 'supported document types: pdf and text',
};

/**
 * Other common names of types, by the name that the service accepts. The service rejects these other names, for example
 * `image/jpg` (seen 2026-01).
 */
const aliases: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['image/jpg'],
  // The service accepts an animated PNG only as image/png.
  'image/png': ['image/apng'],
  'audio/mp3': ['audio/mpeg', 'audio/x-mp3'],
  'audio/wav': ['audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  'audio/aiff': ['audio/x-aiff'],
  'audio/aac': ['audio/x-aac'],
  'audio/m4a': ['audio/mp4', 'audio/x-m4a'],
  'audio/flac': ['audio/x-flac'],
  'audio/ogg': ['audio/vorbis', 'audio/opus'],
  'video/mov': ['video/quicktime'],
  'video/avi': ['video/vnd.avi', 'video/x-msvideo'],
  'video/mp4': ['video/x-m4v'],
  'video/wmv': ['video/x-ms-wmv', 'video/x-ms-asf', 'application/vnd.ms-asf'],
  'application/pdf': ['application/x-pdf'],
  'text/xml': ['application/xml'],
  'text/rtf': ['application/rtf'],
  // Google's list has no type for JSON, so JSON is sent as plain text.
  'text/plain': ['application/json'],
  // `text/md` is in Google's list (docs/document-processing of 2025, and its on-premises documentation of 2026).
  'text/md': ['text/markdown'],
};

/** Converts a type to the spelling of the service: lower case, without parameters such as `; charset=utf-8`. */
export function normalizeMimeType(mime: string): string {
  const type = (mime.split(';')[0] ?? '').trim().toLowerCase();
  return Object.keys(aliases).find((name) => aliases[name]?.includes(type)) ?? type;
}

/** Returns the kind of a normalized type; undefined if Gemini does not read the type. */
export function getMediaKind(type: string): MediaKind | undefined {
  if (/^text\/[\w.+-]+$/.test(type)) return 'document';
  return mediaKinds.find((kind) => supportedTypes[kind].includes(type));
}

/**
 * Whether bytes of the detected type may be sent as the declared type. The two may differ, because some types have two
 * names, HEIC is a kind of HEIF, and all text types are compatible.
 */
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
  ...{ m4a: 'audio/m4a', m4b: 'audio/m4a', weba: 'audio/webm' },
  ...{ aac: 'audio/aac', ogg: 'audio/ogg', oga: 'audio/ogg', opus: 'audio/ogg', flac: 'audio/flac' },
  ...{ mp4: 'video/mp4', m4v: 'video/mp4', mpeg: 'video/mpeg', mpg: 'video/mpeg', mov: 'video/mov' },
  ...{ avi: 'video/avi', flv: 'video/x-flv', webm: 'video/webm', wmv: 'video/wmv', '3gp': 'video/3gpp' },
  ...{ pdf: 'application/pdf', html: 'text/html', htm: 'text/html', css: 'text/css', csv: 'text/csv' },
  ...{ xml: 'text/xml', rtf: 'text/rtf', md: 'text/md', markdown: 'text/md', txt: 'text/plain' },
};

/** Infers a type from the extension of a file name; undefined if the extension is unknown. */
export function inferTypeFromName(name = ''): string | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(typesByExtension, extension) ? typesByExtension[extension] : undefined;
}

/** The types of files whose scripts a browser runs when it opens them. */
const activeTypes: ReadonlySet<string> = new Set(['text/html', 'text/xml']);

/**
 * Returns the usual extension for a file that a model has written, without the dot: `bin` if the type is unknown, or if
 * a browser would run the scripts of such a file.
 */
export function getExtension(type: string): string {
  if (activeTypes.has(type)) return 'bin';
  const extensions = Object.keys(typesByExtension);
  return type === 'image/gif' ? 'gif' : (extensions.find((extension) => typesByExtension[extension] === type) ?? 'bin');
}
