import type { MediaResolution } from '../facts/media.js';
import type { ThinkingLevel } from '../facts/model-facts.js';
import type { ServiceTier } from '../facts/service-tiers.js';
import type { ToolName } from '../facts/tools.js';
import type { ReplyMedia } from './reply-media.js';

/** One request to a model: plain data, independent of the driver. */
export interface GenerateRequest {
  /** The requested model, without the `models/` prefix. */
  model: string;
  /** The conversation, oldest turn first. The last turn is the user's prompt. */
  turns: readonly Turn[];
  /** The system instruction. */
  system?: string;
  parameters: GenerationParameters;
  /**
   * The hops of the reply so far, oldest first. If present, the request asks for the part of the reply that follows the
   * last of them.
   */
  finishedHops?: readonly FinishedHop[];
  /**
   * The service tiers to use, in the order in which to try them. Default: the service's own. A tier changes the price
   * and the wait, not the reply, so it does not identify the request: a stored reply of any tier is reused.
   */
  serviceTiers?: readonly ServiceTier[];
  /**
   * Whether to ask for summaries of the model's thoughts, which are reported as `thought` events. Thoughts are not part
   * of the reply, so this option does not identify the request either.
   */
  includeThoughts?: boolean;
}

/**
 * A request that returned a part of a long reply. If a reply is longer than one request may return, it takes several
 * requests, called hops: the same request is sent again with the token that the previous hop returned
 * (ai.google.dev/gemini-api/docs/generate-content/long-decode, read 2026-11).
 */
export interface FinishedHop {
  /** The continuation token that the hop returned, for the request of the next hop. */
  token: string;
  /** The part of the reply that the hop returned. */
  turn: ModelTurn;
  /** The output tokens of the hop, thoughts included; 0 if the service did not report them. */
  outputTokens: number;
}

/** Parameters of generation. The model's defaults apply to absent parameters. */
export interface GenerationParameters {
  /** 0 to 2. */
  temperature?: number;
  /** Maximum length of the reply in tokens; thoughts count too. */
  maxTokens?: number;
  /** 0 to 1: sample from the most likely tokens whose probabilities add up to this. */
  topP?: number;
  /** Sample from this many of the most likely tokens. */
  topK?: number;
  /** The same seed makes the same reply more likely. */
  seed?: number;
  /** Stop sequences: the reply ends before the first of them. */
  stop?: readonly string[];
  /** How much the model thinks: a level, or a number of tokens. */
  thinking?: ThinkingLevel | number;
  /** Block thresholds by harm category, in Gemini's names. */
  safety?: Readonly<Record<string, string>>;
  /** The aspect ratio and size of the pictures that the model draws. */
  image?: PictureShape;
  /** Format of the reply. Default: text. */
  format?: 'json';
  /** The JSON Schema of a JSON reply. */
  schema?: Readonly<Record<string, unknown>>;
  /** The tools that the service may use within the request, each once and in the order of `toolNames`. */
  tools?: readonly ToolName[];
  /** How many tokens the service spends on each picture, video frame and page. */
  mediaResolution?: MediaResolution;
}

/** The shape of a drawn picture. The model's defaults apply to absent fields. */
export interface PictureShape {
  /** Width to height, for example `16:9`. */
  aspectRatio?: string;
  /** `512`, `1K`, `2K` or `4K`: roughly the number of pixels per side. */
  size?: string;
}

export type { MediaResolution, ThinkingLevel, ToolName };

/** A turn of the conversation. */
export type Turn = UserTurn | ModelTurn;

/** A prompt. */
export interface UserTurn {
  role: 'user';
  parts: readonly Part[];
}

/** An earlier reply. */
export interface ModelTurn {
  role: 'model';
  /** The reply as plain text, for any model. Empty if the reply has only media. */
  text: string;
  /** The model that was asked for this reply, which may be a fallback model. Only this model understands `native`. */
  model: string;
  /** The pictures and sounds of the reply, for any model. Absent if it has none. */
  media?: readonly ReplyMedia[];
  /** The reply's parts as the provider sent them, with thought signatures. Opaque outside the driver. */
  native?: unknown;
}

/** A part of a prompt. */
export type Part = TextPart | MediaPart;

/** A text in a prompt. */
export interface TextPart {
  type: 'text';
  text: string;
}

/** A picture, sound, video or document in a prompt. */
export interface MediaPart {
  type: 'media';
  /** For example `image/png`. Absent only for a URL whose response states the type. */
  mimeType?: string;
  content: MediaContent;
  /** A file name or URL, for messages only. */
  name?: string;
  /** The resolution of this medium. Default: that of the request. */
  mediaResolution?: MediaResolution;
}

/** The kind of a media part, which decides how a model reads it. */
export type MediaKind = 'image' | 'audio' | 'video' | 'document';

/** Where the bytes of a media part are. */
export type MediaContent = MediaBytes | MediaFile | MediaUrl | MediaReference;

/** The bytes of the media itself. */
export interface MediaBytes {
  from: 'bytes';
  /** In standard base64. */
  base64: string;
}

/** A file too large to keep in memory; it is read when the request is sent. */
export interface MediaFile {
  from: 'file';
  /** An absolute path. */
  path: string;
  byteLength: number;
  /** The hash of the whole file, in hexadecimal. It identifies the file independently of its path. */
  sha256: string;
}

/** A URL whose content is fetched when the request is sent; the request then contains the bytes. */
export interface MediaUrl {
  from: 'url-to-fetch';
  url: string;
  /** The required kind. Default: any kind that models read. */
  kind?: MediaKind;
  /** Whether a private or loopback address is refused. Default false. */
  publicOnly?: true;
}

/** A URI that the service reads itself: a YouTube video, an uploaded file. */
export interface MediaReference {
  from: 'url-for-service';
  uri: string;
}

/** The size of a part in bytes, before any encoding; 0 if it is not known locally. */
export function getByteLength(part: Part): number {
  if (part.type === 'text') return Buffer.byteLength(part.text);
  if (part.content.from === 'file') return part.content.byteLength;
  return part.content.from === 'bytes' ? Buffer.byteLength(part.content.base64, 'base64') : 0;
}
