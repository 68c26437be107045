import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { GenerateResponse, ReplyAudio, Usage } from '../../driver/response.js';
import type { RequestId } from '../replies/reply-cache.js';
import type { PartDescription, RequestDescription, TurnDescription } from '../replies/request-key.js';

/** One line of a recording: what was asked, and what was answered. */
export interface RecordingEntry extends RequestId {
  request: RecordedRequest;
  reply: RecordedReply;
}

/**
 * A request as a recording has it. Each prompt stands in it once, in the line of its own request: what came before it in
 * the conversation is told by hashes alone. So an edit changes the line of what was edited in its words, and the lines
 * after it in a few digits; and a long conversation does not take room by its square.
 */
export interface RecordedRequest {
  model: string;
  system?: string;
  parameters: RequestDescription['parameters'];
  /** The hashes of the turns before the last, oldest first. */
  after: string[];
  /** The last turn's parts. */
  asked: PartDescription[];
}

/**
 * A reply as a recording has it. What the provider needs to go on with the conversation (thought signatures) is left out:
 * who replays sends nothing.
 */
export interface RecordedReply {
  text: string;
  model: string;
  finishReason: string;
  usage: Usage;
  /** The reply as it stands in the conversation, where that is another text. */
  turnText?: string;
  /** 16-bit PCM in base64, and samples a second. */
  audio?: { sampleRate: number; pcm: string };
  /** True where there was more sound than `mostSoundBytes`. */
  wasSpoken?: boolean;
}

/** The most bytes of sound that a line has: 20 s of speech at 24 kHz. */
const maxAudioBytes = 1_000_000;

const partSchema = z.union([
  z.object({ text: z.string() }),
  z.object({ mimeType: z.optional(z.string()), sha256: z.string() }),
  z.object({ mimeType: z.optional(z.string()), url: z.string() }),
]);
const countSchema = z.number().check(z.gte(0));

const entrySchema = z.object({
  key: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  occurrence: z.int().check(z.gte(0)),
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
      promptTokens: countSchema,
      outputTokens: countSchema,
      thoughtTokens: countSchema,
      totalTokens: countSchema,
    }),
    turnText: z.optional(z.string()),
    audio: z.optional(z.object({ sampleRate: countSchema, pcm: z.string() })),
    wasSpoken: z.optional(z.boolean()),
  }),
});

/** Reads a line. Throws an Error whose message says, as the end of a sentence, why it is no answer. */
export function parseEntry(line: string): RecordingEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error('is no JSON');
  }
  const { success, error } = entrySchema.safeParse(value);
  if (success) return value as RecordingEntry;
  const path = error.issues[0]?.path.join('.') ?? '';
  throw new Error(`is no recorded answer${path === '' ? '' : `: ${path} is not as it should be`}`);
}

/** What is kept of an answer. */
export function createEntry(id: RequestId, request: RequestDescription, reply: GenerateResponse): RecordingEntry {
  const { text, model, finishReason, usage, turn, audio } = reply;
  return {
    ...id,
    request: toRecordedRequest(request),
    reply: {
      ...{ text, model, finishReason, usage },
      ...(turn.text !== text && { turnText: turn.text }),
      ...(audio && toRecordedAudio(audio)),
    },
  };
}

/** A request as it would stand in a recording. */
export function toRecordedRequest({ model, system, parameters, turns }: RequestDescription): RecordedRequest {
  return {
    model,
    ...(system !== undefined && { system }),
    parameters,
    after: turns.slice(0, -1).map(hashTurn),
    asked: (turns.at(-1)?.parts ?? []).map(redactPart),
  };
}

/** What tells turns apart in a recording: twelve hexadecimal digits. */
export function hashTurn(turn: TurnDescription): string {
  return createHash('sha256').update(JSON.stringify(turn)).digest('hex').slice(0, 12);
}

/** The hash of the turn that a recorded reply is in the conversations that go on from it. */
export function hashReplyTurn({ reply: { text, turnText = text } }: RecordingEntry): string {
  return hashTurn({ role: 'model', parts: [{ text: turnText }] });
}

/** Recordings are committed and shared: a login or a signature in an address is none of their readers' business. */
function redactPart(part: PartDescription): PartDescription {
  if (!('url' in part) || !URL.canParse(part.url)) return part;
  const { protocol, host, pathname } = new URL(part.url);
  return { ...part, url: `${protocol}//${host}${pathname}` };
}

function toRecordedAudio({ pcm, sampleRate }: ReplyAudio): Pick<RecordedReply, 'audio' | 'wasSpoken'> {
  if (pcm.byteLength > maxAudioBytes) return { wasSpoken: true };
  return { audio: { sampleRate, pcm: Buffer.from(pcm).toString('base64') } };
}
