/** One call of a model: pure data, the same whoever carries it out. */
export interface GenerateRequest {
  /** The model asked for, without a `models/` prefix. */
  model: string;
  /** The conversation, oldest first, ending with the user's turn that is to be answered. */
  turns: readonly Turn[];
  /** The system instruction. */
  system?: string;
  parameters: GenerationParameters;
}

/** How the model shall generate. What is absent is left to the model's own default. */
export interface GenerationParameters {
  /** 0 to 2. */
  temperature?: number;
  /** Upper bound of the reply in tokens; thinking models spend it on thoughts too. */
  maxTokens?: number;
  /** 0 to 1: of the likeliest tokens so many that their probabilities make up this sum. */
  topP?: number;
  /** So many of the likeliest tokens. */
  topK?: number;
  /** The same seed makes the same reply likelier. */
  seed?: number;
  /** The reply ends where one of these would begin. */
  stop?: readonly string[];
  /** How long the model may think: a level, or a number of tokens. */
  thinking?: ThinkingLevel | number;
  /** From which probability on harm of a category is blocked, by Gemini's names. */
  safety?: Readonly<Record<string, string>>;
  /** The reply is to be JSON. Absent: text. */
  format?: 'json';
  /** The JSON Schema that the JSON is to match. */
  schema?: Readonly<Record<string, unknown>>;
}

export type ThinkingLevel = 'minimal' | 'low' | 'medium' | 'high';

export type Turn = UserTurn | ModelTurn;

export interface UserTurn {
  role: 'user';
  parts: readonly Part[];
}

/** An earlier reply. */
export interface ModelTurn {
  role: 'model';
  /** The reply as plain text, for any model. */
  text: string;
  /** The model that was asked for it. `native` means something to that model alone. */
  model: string;
  /** The reply's parts as the provider sent them, thought signatures included: opaque outside the driver. */
  native?: unknown;
}

export type Part = TextPart | MediaPart;

export interface TextPart {
  type: 'text';
  text: string;
}

export interface MediaPart {
  type: 'media';
  /** For example `image/png`. Absent only where it is the address's answer that says so. */
  mimeType?: string;
  content: MediaContent;
  /** What messages call it: a file's name, an address. No part of what is asked. */
  name?: string;
}

/** What media show, and how a model takes them in. */
export type MediaKind = 'image' | 'audio' | 'video' | 'document';

export type MediaContent = MediaBytes | MediaFile | MediaUrl | MediaReference;

/** The bytes themselves. */
export interface MediaBytes {
  from: 'bytes';
  /** In standard base64. */
  base64: string;
}

/** Bytes that are too many to be held: the file is read when the request is really sent, and not before. */
export interface MediaFile {
  from: 'file';
  /** Absolute. */
  path: string;
  /** How many there are. */
  byteLength: number;
  /** Of all of them, in hexadecimal: the file's identity, wherever it lies. */
  sha256: string;
}

/** Bytes that are fetched when the request is really sent, and not before. */
export interface MediaUrl {
  from: 'address';
  url: string;
  /** What they have to be; absent where anything will do that models read. */
  kind?: MediaKind;
}

/** What the service fetches itself: a film on YouTube, a file that was uploaded to it. */
export interface MediaReference {
  from: 'reference';
  uri: string;
}

/** The size of a part as it was before any encoding, in bytes; 0 where that is not known here. */
export function getByteLength(part: Part): number {
  if (part.type === 'text') return Buffer.byteLength(part.text);
  if (part.content.from === 'file') return part.content.byteLength;
  return part.content.from === 'bytes' ? Buffer.byteLength(part.content.base64, 'base64') : 0;
}
