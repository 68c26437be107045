import type { LiveServerMessage, Part } from '@google/genai';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, ReplyAudio, Usage } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { isRecord } from '../../util/json.js';

/** Puts a reply together from a session's messages. */
export interface LiveReplyCollector {
  /** Takes the next message and returns the reply's text in it: written or transcribed, thoughts left out. */
  add(message: LiveServerMessage): string;
  readonly text: string;
  readonly progress: Readonly<ReplyProgress>;
  /** Output tokens, as far as the service has said. */
  readonly outputTokens: number | undefined;
  /** What has been paid for, by the service's last word on that; undefined as long as it has said nothing. */
  readonly billed: BilledResponse | undefined;
  /** The whole reply. Throws `blocked` or `empty_reply` where it is of no use. */
  buildResponse(): GenerateResponse;
}

/** How far a reply has come. */
export interface ReplyProgress {
  /** Whether anything of it has come, be it a thought. */
  hasBegun: boolean;
  /** Whether all has come but the service's word that the turn is over, which waits for the speech to be played. */
  isGenerated: boolean;
  isComplete: boolean;
  wasInterrupted: boolean;
}

type UsageMetadata = NonNullable<LiveServerMessage['usageMetadata']>;

// TurnCompleteReason of @google/genai 2.32 has a dozen names for it.
const blockedReasonPattern = /PROHIBITED|SAFETY|BLOCKLIST|REJECTED|CELEBRITY|UNSAFE|NCII|PROMINENT|CHILD/;

export function createLiveReplyCollector(model: string): LiveReplyCollector {
  const audioCollector = createAudioCollector();
  const progress: ReplyProgress = { hasBegun: false, isGenerated: false, isComplete: false, wasInterrupted: false };
  let turnCompleteReason = '';
  let text = '';
  let counts: UsageMetadata | undefined;

  return {
    add({ serverContent: content, usageMetadata }) {
      // A running total, field by field, as in a stream of REST.
      if (usageMetadata) counts = { ...counts, ...usageMetadata };
      if (!content) return '';
      const parts = Array.isArray(content.modelTurn?.parts) ? content.modelTurn.parts.filter(isRecord) : [];
      const transcript = getText(content.outputTranscription ?? {});
      const added = parts.map(getPartText).join('') + transcript;
      for (const part of parts) audioCollector.add(part);
      text += added;
      progress.hasBegun ||= parts.length > 0 || transcript !== '';
      progress.isGenerated ||= content.generationComplete === true;
      progress.isComplete ||= content.turnComplete === true;
      progress.wasInterrupted ||= content.interrupted === true;
      turnCompleteReason ||= String(content.turnCompleteReason ?? '');
      return added;
    },
    get text() {
      return text;
    },
    progress,
    get outputTokens() {
      return counts?.responseTokenCount;
    },
    get billed() {
      return counts && { model, usage: toUsage(counts) };
    },
    buildResponse() {
      const audio = audioCollector.toAudio();
      const error = findReplyError({ text, audio, turnCompleteReason });
      if (error) throw error;
      return {
        text,
        model,
        // Live has no finish reasons: a turn that is complete is whole.
        finishReason: 'STOP',
        usage: toUsage(counts),
        turn: { role: 'model', text, model },
        ...(audio && { audio }),
      };
    },
  };
}

function toUsage(counts: UsageMetadata = {}): Usage {
  const { promptTokenCount: promptTokens = 0, responseTokenCount: outputTokens = 0 } = counts;
  const { thoughtsTokenCount: thoughtTokens = 0, totalTokenCount } = counts;
  const totalTokens = totalTokenCount ?? promptTokens + outputTokens + thoughtTokens;
  return { promptTokens, outputTokens, thoughtTokens, totalTokens };
}

function getPartText(part: Part): string {
  return part.thought ? '' : getText(part);
}

function getText({ text }: { text?: unknown }): string {
  return typeof text === 'string' ? text : '';
}

function findReplyError(reply: {
  text: string;
  audio: ReplyAudio | undefined;
  turnCompleteReason: string;
}): BoticelliError | undefined {
  const { text, audio, turnCompleteReason } = reply;
  if (blockedReasonPattern.test(turnCompleteReason)) {
    return new BoticelliError('blocked', `the service blocked the turn: ${turnCompleteReason}`, {
      hint: 'Change the prompt.',
    });
  }
  if (text !== '') return undefined;
  const detail = audio
    ? 'it is sound without a transcript'
    : turnCompleteReason || 'the turn was complete without a word';
  return new BoticelliError('empty_reply', `the reply is empty (${detail})`, {
    hint: 'Change the prompt, or use another model.',
  });
}

/** Sound comes as `audio/pcm;rate=24000` in base64, a fraction of a second a part. */
function createAudioCollector() {
  const chunks: Uint8Array[] = [];
  let sampleRate = 24_000;
  return {
    add({ inlineData }: Part) {
      if (typeof inlineData?.data !== 'string' || !/^audio\/(pcm|l16)/i.test(inlineData.mimeType ?? '')) return;
      chunks.push(Buffer.from(inlineData.data, 'base64'));
      sampleRate = Number(/rate=(\d+)/.exec(inlineData.mimeType ?? '')?.[1] ?? sampleRate);
    },
    toAudio: (): ReplyAudio | undefined => (chunks.length > 0 ? { pcm: Buffer.concat(chunks), sampleRate } : undefined),
  };
}
