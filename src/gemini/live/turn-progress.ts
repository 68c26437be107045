import type { Clock } from '../../driver/clock.js';
import type { ReplyModality } from './options.js';
import type { MessageUpdate } from './read-message.js';

/**
 * How long a transcript may stay silent after `turnComplete` before it counts as whole. The transcript "is sent
 * independently of the other server messages and there is no guaranteed ordering" (reference of
 * BidiGenerateContentServerContent, read 2026-11-30), so its last words may come late. The Gemini API does not mark the
 * last words: `finished` stays absent (googleapis/js-genai#1429, python-genai#1504, seen 2026-03).
 */
const maxTranscriptSilenceMs = 500;

/** The longest wait for a transcript whose words keep arriving after `turnComplete`. */
const maxLateTranscriptMs = 5000;

/**
 * How long a turn may stay open after its last words and after its speech would have been played. Some turns get
 * `generationComplete` but never `turnComplete` (livekit/agents#4979, seen 2026-03).
 */
const maxTurnEndDelayMs = 5000;

/** Follows a turn and decides when it is over. */
export function createTurnProgress(replyModality: ReplyModality, clock: Clock) {
  const state: TurnState = {
    ...{ hasBegun: false, wasInterrupted: false, isTranscriptFinished: false },
    ...{ generatedAt: undefined, turnCompletedAt: undefined, lastContentAt: 0, playbackEndsAt: 0 },
  };
  return {
    /** @param speechMs the duration of the speech in the update */
    update: (update: MessageUpdate, speechMs: number) => updateState(state, update, speechMs, clock.now()),
    /** Whether any part of the reply has arrived. */
    get hasBegun() {
      return state.hasBegun;
    },
    /** Whether the model has produced the whole reply. */
    get isGenerated() {
      return state.generatedAt !== undefined || state.turnCompletedAt !== undefined;
    },
    /** Whether the service has ended the turn with `turnComplete`. Late words of the transcript may still follow. */
    get isTurnComplete() {
      return state.turnCompletedAt !== undefined;
    },
    get wasInterrupted() {
      return state.wasInterrupted;
    },
    /** How long the turn lasts if nothing more arrives: 0 if it is over, undefined while the model generates. */
    getMsUntilTurnEnds(): number | undefined {
      const endTime = getEndTime(state, replyModality);
      return endTime === undefined ? undefined : Math.max(0, endTime - clock.now());
    },
  };
}

/** Times are in milliseconds since the epoch. */
interface TurnState {
  hasBegun: boolean;
  wasInterrupted: boolean;
  isTranscriptFinished: boolean;
  /** When the model had produced the whole reply. */
  generatedAt: number | undefined;
  /** When the service sent `turnComplete`, which it does when the speech would have been played to its end. */
  turnCompletedAt: number | undefined;
  lastContentAt: number;
  playbackEndsAt: number;
}

function updateState(state: TurnState, update: MessageUpdate, speechMs: number, now: number): void {
  const hasTranscript = update.transcript !== '';
  if (update.hasParts || hasTranscript) {
    state.hasBegun = true;
    state.lastContentAt = now;
  }
  // More words after a finished transcript begin another one.
  if (hasTranscript || update.isTranscriptFinished) state.isTranscriptFinished = update.isTranscriptFinished;
  if (speechMs > 0) state.playbackEndsAt = Math.max(state.playbackEndsAt, now) + speechMs;
  // Nothing continues or interrupts a completed turn.
  if (state.turnCompletedAt !== undefined) return;
  state.wasInterrupted ||= update.interrupted;
  if (update.generationComplete) state.generatedAt ??= now;
  if (!update.turnComplete) return;
  // Despite `turnComplete`, the model may go on thinking and speak again. Then the reply is not whole yet.
  if (update.continuesAfterTurnComplete) state.generatedAt = undefined;
  else state.turnCompletedAt = now;
}

/** Returns the time at which the turn ends if nothing more arrives; undefined while the model generates. */
function getEndTime(state: TurnState, replyModality: ReplyModality): number | undefined {
  const { turnCompletedAt, generatedAt, lastContentAt, playbackEndsAt, hasBegun, isTranscriptFinished } = state;
  if (turnCompletedAt !== undefined) {
    if (replyModality === 'TEXT' || !hasBegun || isTranscriptFinished) return turnCompletedAt;
    return Math.min(
      Math.max(turnCompletedAt, lastContentAt) + maxTranscriptSilenceMs,
      turnCompletedAt + maxLateTranscriptMs,
    );
  }
  if (generatedAt === undefined) return undefined;
  return Math.max(generatedAt, lastContentAt, playbackEndsAt) + maxTurnEndDelayMs;
}
