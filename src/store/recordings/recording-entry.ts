import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { ReplyMedia } from '../../driver/reply-media.js';
import type { GenerateResponse, ReplyAudio, Usage } from '../../driver/response.js';
import { pickToolUse, type ToolUse } from '../../driver/tool-use.js';
import { isBase64, tryParseJson } from '../../util/json.js';
import {
  describeMedia,
  type PartDescription,
  type RequestDescription,
  type RequestId,
  type TurnDescription,
} from '../replies/request-id.js';

/** One line of a recording: a request and its reply. */
export interface RecordingEntry extends RequestId {
  request: RecordedRequest;
  reply: RecordedReply;
}

/**
 * A recorded request. It contains the text of its own prompt only, and hashes of the turns before it. An edited prompt
 * therefore changes the text of one line, and only hashes in the lines of later requests. The size of a recording does
 * not grow quadratically with the length of the conversation.
 */
export interface RecordedRequest {
  model: string;
  system?: string;
  parameters: RequestDescription['parameters'];
  /** The turns that the prompt comes after: their hashes, oldest first. */
  after: string[];
  /** The parts of the prompt, which is the last turn. */
  asked: PartDescription[];
}

/** A recorded reply, without thought signatures: only the provider needs them, and a replay sends nothing. */
export interface RecordedReply extends ToolUse {
  text: string;
  model: string;
  finishReason: string;
  usage: Usage;
  /**
   * The text of the reply's turn in the conversation, if it differs from `text`. They differ, for example, in the last
   * hop of a long reply: its turn contains the earlier hops too.
   */
  turnText?: string;
  /** The pictures and sounds of the reply, with their bytes in base64. */
  media?: ReplyMedia[];
  /** 16-bit PCM in base64, and the sample rate in Hz. */
  audio?: { sampleRate: number; pcm: string };
  /** True for a spoken reply without `audio`: its audio was left out, because it was larger than `maxAudioBytes`. */
  wasSpoken?: boolean;
}

/** The largest audio that is recorded: 20 s of speech at 24 kHz. */
const maxAudioBytes = 1_000_000;

const partSchema = z.union([
  z.object({ text: z.string() }),
  z.object({ mimeType: z.optional(z.string()), sha256: z.string() }),
  z.object({ mimeType: z.optional(z.string()), url: z.string() }),
]);
const countSchema = z.number().check(z.gte(0));
const sourceSchema = z.object({ title: z.optional(z.string()), uri: z.string().check(z.regex(/^https?:\/\//)) });
const codeSchema = z.object({
  language: z.string(),
  code: z.string(),
  output: z.optional(z.string()),
  outcome: z.optional(z.string()),
});

const entrySchema = z.object({
  key: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  occurrence: z.int().check(z.gte(0)),
  /** The id of the row; see `RequestId`. */
  instance: z.optional(z.string()),
  request: z.object({
    model: z.string(),
    system: z.optional(z.string()),
    parameters: z.record(z.string(), z.unknown()),
    after: z.array(z.string()),
    asked: z.array(partSchema),
  }),
  reply: z.object({
    text: z.string(),
    model: z.string(),
    finishReason: z.string(),
    usage: z.object({
      promptTokens: z.optional(countSchema),
      cachedTokens: z.optional(countSchema),
      toolTokens: z.optional(countSchema),
      outputTokens: z.optional(countSchema),
      thoughtTokens: z.optional(countSchema),
      totalTokens: z.optional(countSchema),
    }),
    turnText: z.optional(z.string()),
    media: z.optional(z.array(z.object({ mimeType: z.string(), base64: z.string().check(z.refine(isBase64)) }))),
    audio: z.optional(z.object({ sampleRate: countSchema, pcm: z.string() })),
    wasSpoken: z.optional(z.boolean()),
    sources: z.optional(z.array(sourceSchema)),
    searches: z.optional(z.array(z.string())),
    code: z.optional(z.array(codeSchema)),
  }),
});

/**
 * Parses a line.
 *
 * @throws Error whose message is the end of a sentence that begins with "this line"
 */
export function parseEntry(line: string): RecordingEntry {
  const value = tryParseJson(line);
  if (value === undefined) throw new Error('is not JSON');
  const { success, error } = entrySchema.safeParse(value);
  if (success) return value as RecordingEntry;
  const path = error.issues[0]?.path.join('.') ?? '';
  throw new Error(`is not a recorded reply${path === '' ? '' : `: invalid value of ${path}`}`);
}

/** Creates the entry of a request and its reply. */
export function createEntry(id: RequestId, request: RequestDescription, reply: GenerateResponse): RecordingEntry {
  const { text, model, finishReason, usage, turn, audio } = reply;
  return {
    ...id,
    request: toRecordedRequest(request),
    reply: {
      ...{ text, model, finishReason, usage },
      ...(turn.text !== text && { turnText: turn.text }),
      ...(turn.media && { media: [...turn.media] }),
      ...(audio && toRecordedAudio(audio)),
      ...pickToolUse(reply),
    },
  };
}

/** Converts a described request into its recorded form. */
export function toRecordedRequest({ model, system, parameters, turns }: RequestDescription): RecordedRequest {
  return {
    model,
    ...(system !== undefined && { system }),
    parameters,
    after: turns.slice(0, -1).map(hashTurn),
    asked: (turns.at(-1)?.parts ?? []).map(redactPart),
  };
}

/** Hashes a turn: twelve hexadecimal digits, enough to distinguish the turns of a recording. */
export function hashTurn(turn: TurnDescription): string {
  return createHash('sha256').update(JSON.stringify(turn)).digest('hex').slice(0, 12);
}

/** Hashes the turn that a recorded reply becomes in the requests after it. */
export function hashReplyTurn({ reply: { text, turnText = text, media = [] } }: RecordingEntry): string {
  return hashTurn({ role: 'model', parts: [{ text: turnText }, ...media.map(describeMedia)] });
}

/**
 * Removes the user name, password, query and fragment from the URL of a part, because they may be secret and recordings
 * are committed and shared. Returns a part without a URL as it is.
 */
function redactPart(part: PartDescription): PartDescription {
  if (!('url' in part) || !URL.canParse(part.url)) return part;
  const { protocol, host, pathname } = new URL(part.url);
  return { ...part, url: `${protocol}//${host}${pathname}` };
}

function toRecordedAudio({ pcm, sampleRate }: ReplyAudio): Pick<RecordedReply, 'audio' | 'wasSpoken'> {
  if (pcm.byteLength > maxAudioBytes) return { wasSpoken: true };
  return { audio: { sampleRate, pcm: Buffer.from(pcm).toString('base64') } };
}
