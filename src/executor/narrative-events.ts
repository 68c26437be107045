import type { WaitReason } from '../driver/driver-events.js';
import type { Usage } from '../driver/response.js';
import type { BoticelliError, ErrorReport } from '../errors.js';

/** How a run ended. */
export type RunStatus = 'completed' | 'failed' | 'interrupted';

/** An event of a run. These objects are also the lines of `--output ndjson`. */
export type NarrativeEvent =
  | NarrativeStart
  | ActStart
  | ActDelta
  | ActWait
  | ActRetry
  | ActFallback
  | ActNote
  | ActEnd
  | NarrativeEnd;

export interface NarrativeStart {
  type: 'narrative-start';
  /** The id of the run: unique and sortable by time. */
  run: string;
  narrative: string;
  /** The names of all acts in the order in which they will run, over all rounds. */
  acts: string[];
}

export interface ActStart {
  type: 'act-start';
  /** The name of the act; `outer/inner` for the act `inner` of a narrative that the act `outer` runs. */
  act: string;
  /** Counts from 1. Present in all events of an act if the carousel has more than one round. */
  round?: number;
  /** Counts from 0 over the run. */
  index: number;
  /** The requested model. */
  model: string;
}

/** New text of a streamed reply. */
export interface ActDelta {
  type: 'act-delta';
  act: string;
  round?: number;
  text: string;
}

/** The act waits. */
export interface ActWait {
  type: 'act-wait';
  act: string;
  round?: number;
  model: string;
  reason: WaitReason;
  waitMs: number;
  /** ISO 8601 in UTC. */
  until: string;
  /** True if the limit is a built-in guess. */
  guessed?: boolean;
}

/** An attempt failed and another one follows. */
export interface ActRetry {
  type: 'act-retry';
  act: string;
  round?: number;
  /** The attempt that failed, counted from 1. */
  attempt: number;
  delayMs: number;
  error: ErrorReport;
  /** True: discard the deltas of this act so far. */
  discard: boolean;
}

/** The request goes to another model, because the quota of the previous one is used up. */
export interface ActFallback {
  type: 'act-fallback';
  act: string;
  round?: number;
  from: string;
  to: string;
  reason: string;
}

/** Other news of an act for the user. */
export interface ActNote {
  type: 'act-note';
  act: string;
  round?: number;
  about: 'session' | 'upload' | 'download' | 'reply';
  message: string;
}

/** An act has its reply. */
export interface ActEnd {
  type: 'act-end';
  act: string;
  round?: number;
  index: number;
  /** The model that served the request. */
  model: string;
  /** The requested model; differs from `model` for an alias or a fallback. */
  requestedModel: string;
  text: string;
  finishReason: string;
  /**
   * Of the reply and of the failed attempts before it that were billed: invalid JSON, an interrupted stream. For a reused
   * reply: its original usage.
   */
  usage: Usage;
  /** How many requests the act took; 0 for a reused reply. */
  attempts: number;
  /** The total of all waits before attempts. */
  waitMs: number;
  durationMs: number;
  /** From the start of the act to its first text; only with streaming. */
  firstTokenMs?: number;
  /** True if the reply was reused from an earlier run. */
  reused: boolean;
  /** Present if a Live model answered in speech. */
  audio?: ActAudio;
  /** In US dollars; 0 for a reused reply, absent if the price is unknown. */
  costUsd?: number;
}

/** The speech of a reply; `text` is its transcript. */
export interface ActAudio {
  durationMs: number;
  /** The name of its file in the folder of `--out-dir`. */
  file?: string;
}

export interface NarrativeEnd {
  type: 'narrative-end';
  run: string;
  status: RunStatus;
  /** The total usage, with failed attempts that were billed and without reused replies. */
  usage: Usage;
  /** The total cost in US dollars; absent if a price is unknown, or if no request was made. */
  costUsd?: number;
  durationMs: number;
  error?: ErrorReport;
}

/** The result of a run. Without `failure` it is the document of `--output json`. */
export interface RunReport {
  run: string;
  /** Undefined, like the description, if the narrative could not be read. */
  narrative: string | undefined;
  description: string | undefined;
  status: RunStatus;
  /** The acts that have their replies. */
  acts: ActEnd[];
  usage: Usage;
  costUsd?: number;
  durationMs: number;
  error?: ErrorReport;
  /** The error object behind `error`, with its cause. */
  failure?: BoticelliError;
}
