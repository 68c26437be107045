import type { LiveServerMessage, Part } from '@google/genai';
import type { Paid } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, ReplyAudio, Usage } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { isRecord } from '../errors/parse-error-body.js';

/** Puts a reply together from a session's messages. */
export interface LiveReply {
  /** Takes the next message and returns the reply's text in it: written or transcribed, thoughts left out. */
  add(message: LiveServerMessage): string;
  readonly text: string;
  readonly progress: Readonly<ReplyProgress>;
  /** Output tokens, as far as the service has said. */
  readonly outputTokens: number | undefined;
  /** What has been paid for, by the service's last word on that; undefined as long as it has said nothing. */
  readonly paid: Paid | undefined;
  /** The whole reply. Throws `blocked` or `empty_reply` where it is of no use. */
  response(): GenerateResponse;
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

type Counts = NonNullable<LiveServerMessage['usageMetadata']>;

// TurnCompleteReason of @google/genai 2.32 has a dozen names for it.
const blockingReason = /PROHIBITED|SAFETY|BLOCKLIST|REJECTED|CELEBRITY|UNSAFE|NCII|PROMINENT|CHILD/;

export function collectLiveReply(model: string): LiveReply {
  const sound = collectSound();
  const progress: ReplyProgress = { hasBegun: false, isGenerated: false, isComplete: false, wasInterrupted: false };
  let reason = '';
  let text = '';
  let counts: Counts | undefined;

  return {
    add({ serverContent: content, usageMetadata }) {
      // A running total, field by field, as in a stream of REST.
      if (usageMetadata) counts = { ...counts, ...usageMetadata };
      if (!content) return '';
      const parts = Array.isArray(content.modelTurn?.parts) ? content.modelTurn.parts.filter(isRecord) : [];
      const transcript = textOf(content.outputTranscription ?? {});
      const added = parts.map(writtenText).join('') + transcript;
      for (const part of parts) sound.add(part);
      text += added;
      progress.hasBegun ||= parts.length > 0 || transcript !== '';
      progress.isGenerated ||= content.generationComplete === true;
      progress.isComplete ||= content.turnComplete === true;
      progress.wasInterrupted ||= content.interrupted === true;
      reason ||= String(content.turnCompleteReason ?? '');
      return added;
    },
    get text() {
      return text;
    },
    progress,
    get outputTokens() {
      return counts?.responseTokenCount;
    },
    get paid() {
      return counts && { model, usage: usageOf(counts) };
    },
    response() {
      const audio = sound.whole();
      const fault = faultOf({ text, audio, reason });
      if (fault) throw fault;
      return {
        text,
        model,
        // Live has no finish reasons: a turn that is complete is whole.
        finishReason: 'STOP',
        usage: usageOf(counts),
        turn: { role: 'model', text, model },
        ...(audio && { audio }),
      };
    },
  };
}

function usageOf(counts: Counts = {}): Usage {
  const { promptTokenCount: promptTokens = 0, responseTokenCount: outputTokens = 0 } = counts;
  const { thoughtsTokenCount: thoughtTokens = 0, totalTokenCount } = counts;
  const totalTokens = totalTokenCount ?? promptTokens + outputTokens + thoughtTokens;
  return { promptTokens, outputTokens, thoughtTokens, totalTokens };
}

function writtenText(part: Part): string {
  return part.thought ? '' : textOf(part);
}

function textOf({ text }: { text?: unknown }): string {
  return typeof text === 'string' ? text : '';
}

function faultOf(reply: { text: string; audio: ReplyAudio | undefined; reason: string }): BoticelliError | undefined {
  const { text, audio, reason } = reply;
  if (blockingReason.test(reason)) {
    return new BoticelliError('blocked', `the service blocked the turn: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (text !== '') return undefined;
  const what = audio ? 'it is sound without a transcript' : reason || 'the turn was complete without a word';
  return new BoticelliError('empty_reply', `the reply is empty (${what})`, {
    hint: 'Change the prompt, or use another model.',
  });
}

/** Sound comes as `audio/pcm;rate=24000` in base64, a fraction of a second a part. */
function collectSound() {
  const pieces: Uint8Array[] = [];
  let sampleRate = 24_000;
  return {
    add({ inlineData }: Part) {
      if (typeof inlineData?.data !== 'string' || !/^audio\/(pcm|l16)/i.test(inlineData.mimeType ?? '')) return;
      pieces.push(Buffer.from(inlineData.data, 'base64'));
      sampleRate = Number(/rate=(\d+)/.exec(inlineData.mimeType ?? '')?.[1] ?? sampleRate);
    },
    whole: (): ReplyAudio | undefined => (pieces.length > 0 ? { pcm: Buffer.concat(pieces), sampleRate } : undefined),
  };
}
