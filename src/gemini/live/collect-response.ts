import type { LiveServerMessage, Part } from '@google/genai';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, ReplyAudio } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import { changePromptHint } from '../rest/collect-response.js';
import { toBilledUsage } from '../rest/usage.js';

export type LiveReplyCollector = ReturnType<typeof createLiveReplyCollector>;

// TurnCompleteReason of @google/genai 2.32 has a dozen values for blocked turns.
const blockedReasonPattern = /PROHIBITED|SAFETY|BLOCKLIST|REJECTED|CELEBRITY|UNSAFE|NCII|PROMINENT|CHILD/;

/** Builds a reply from the messages of a session. */
export function createLiveReplyCollector(model: string) {
  const audioCollector = createAudioCollector();
  // A reply begins with its first part, which may be a thought. It is generated when all of it has arrived. It is
  // complete at the end of the turn, which comes later: at the time when the speech would have been played.
  const progress = { hasBegun: false, isGenerated: false, isComplete: false, wasInterrupted: false };
  let turnCompleteReason = '';
  let text = '';
  let counts: LiveServerMessage['usageMetadata'];
  const getBilled = (): BilledResponse => ({ model, ...toBilledUsage(counts, { hasReply: progress.hasBegun }) });

  return {
    /** Adds a message and returns its text without thoughts, whether written or transcribed. */
    add({ serverContent: content, usageMetadata }: LiveServerMessage): string {
      // Each field is a running total, as in a REST stream, and a message may omit fields.
      if (usageMetadata) counts = { ...counts, ...usageMetadata };
      if (!content) return '';
      const parts = Array.isArray(content.modelTurn?.parts) ? content.modelTurn.parts.filter(isRecord) : [];
      const transcript = getText(content.outputTranscription ?? {});
      const added = parts.map((part) => (part.thought ? '' : getText(part))).join('') + transcript;
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
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      return getBilled().usage.outputTokens;
    },
    /** The usage so far; undefined if nothing arrived. The counts are unknown until the service reports them. */
    get billed(): BilledResponse | undefined {
      return counts || progress.hasBegun ? getBilled() : undefined;
    },
    /** @throws BoticelliError `blocked` or `empty_reply` */
    buildResponse(): GenerateResponse {
      const audio = audioCollector.toAudio();
      assertUsableReply(text, audio, turnCompleteReason);
      return {
        text,
        ...getBilled(),
        // The Live API has no finish reasons: a completed turn is a complete reply.
        finishReason: 'STOP',
        turn: { role: 'model', text, model },
        ...(audio && { audio }),
      };
    },
  };
}

function getText({ text }: { text?: unknown }): string {
  return typeof text === 'string' ? text : '';
}

function assertUsableReply(text: string, audio: ReplyAudio | undefined, reason: string): void {
  if (blockedReasonPattern.test(reason)) {
    throw new BoticelliError('blocked', `the service blocked the turn: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (text !== '') return;
  const detail = audio ? 'speech without a transcript' : reason || 'the turn ended without text';
  throw new BoticelliError('empty_reply', `the reply is empty (${detail})`, { hint: changePromptHint });
}

/**
 * Joins the audio of a reply. It arrives as `audio/pcm;rate=24000` in base64, with a fraction of a second in each part.
 */
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
