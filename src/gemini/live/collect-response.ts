import type { LiveServerMessage } from '@google/genai';
import type { Clock } from '../../driver/clock.js';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, ReplyAudio } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { classifyTurnCompleteReason } from '../../facts/turn-complete-reasons.js';
import { isRecord } from '../../util/json.js';
import { changePromptHint, toUsage } from '../rest/collect-response.js';
import type { ResponseMode } from './options.js';
import { readServerContent, type SpeechChunk } from './read-server-content.js';
import { createTurnProgress } from './turn-progress.js';

export type LiveReplyCollector = ReturnType<typeof createLiveReplyCollector>;

/**
 * Builds a reply from the messages of a session.
 *
 * A speaking model may send its words twice: as the transcript of its speech and as text. Its text may also be thoughts
 * without the `thought` flag (mastra-ai/mastra#17434, seen 2026-06). So the transcript is the reply of a speaking
 * model, and its text is the reply only if the turn ends without a transcript. For other models it is the other way
 * round.
 */
export function createLiveReplyCollector(model: string, { replies }: ResponseMode, clock: Clock) {
  const speech = createSpeechCollector();
  const progress = createTurnProgress(replies, clock);
  let turnCompleteReason = '';
  let text = '';
  let alternativeText = '';
  let counts: LiveServerMessage['usageMetadata'];
  const getUsage = () => toUsage({ ...counts, candidatesTokenCount: counts?.responseTokenCount });

  return {
    /** Adds a message and returns the text that it adds to the reply. */
    add({ serverContent, usageMetadata }: LiveServerMessage): string {
      // Each field is a running total, as in a REST stream, and a message may omit fields.
      if (isRecord(usageMetadata)) counts = { ...counts, ...usageMetadata };
      const update = readServerContent(serverContent);
      progress.update(update, speech.add(update.speech));
      turnCompleteReason ||= update.turnCompleteReason;
      const { transcript, writtenText } = update;
      const [added, alternative] = replies === 'AUDIO' ? [transcript, writtenText] : [writtenText, transcript];
      text += added;
      alternativeText += alternative;
      return added;
    },
    /**
     * Call this at the end of the turn. If the reply has no text until then, returns the text that the model wrote
     * instead of speaking, or spoke instead of writing.
     */
    addAlternativeText(): string {
      if (text.trim() !== '') return '';
      text += alternativeText;
      return alternativeText;
    },
    get text() {
      return text;
    },
    progress,
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      const count: unknown = counts?.responseTokenCount;
      return typeof count === 'number' ? count : undefined;
    },
    /** The usage so far; undefined until the service reports it. */
    get billed(): BilledResponse | undefined {
      return counts && { model, usage: getUsage() };
    },
    /** @throws BoticelliError `blocked` or `empty_reply` */
    buildResponse(): GenerateResponse {
      const audio = speech.toAudio();
      assertUsableReply(text, audio, turnCompleteReason);
      return {
        text,
        model,
        // The Live API has no finish reasons, only reasons for a turn that does not end as usual.
        finishReason: classifyTurnCompleteReason(turnCompleteReason) === 'whole' ? 'STOP' : turnCompleteReason,
        usage: getUsage(),
        turn: { role: 'model', text, model },
        ...(audio && { audio }),
      };
    },
  };
}

function assertUsableReply(text: string, audio: ReplyAudio | undefined, reason: string): void {
  if (classifyTurnCompleteReason(reason) === 'blocked') {
    throw new BoticelliError('blocked', `the service blocked the turn: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (text.trim() !== '') return;
  const detail = audio ? 'speech without a transcript' : reason || 'the turn ended without text';
  throw new BoticelliError('empty_reply', `the reply is empty (${detail})`, { hint: changePromptHint });
}

/** Joins the speech of a reply. */
function createSpeechCollector() {
  const chunks: Uint8Array[] = [];
  let sampleRate = 24_000;
  return {
    /** Adds chunks and returns their duration in milliseconds. */
    add(added: readonly SpeechChunk[]): number {
      let durationMs = 0;
      for (const chunk of added) {
        chunks.push(chunk.pcm);
        sampleRate = chunk.sampleRate ?? sampleRate;
        // Two bytes are one sample.
        durationMs += (chunk.pcm.length / 2 / sampleRate) * 1000;
      }
      return durationMs;
    },
    toAudio: (): ReplyAudio | undefined => (chunks.length > 0 ? { pcm: Buffer.concat(chunks), sampleRate } : undefined),
  };
}
