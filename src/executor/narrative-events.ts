import type { WaitReason } from '../driver/driver-events.js';
import type { Usage } from '../driver/response.js';
import type { BoticelliError, ErrorReport } from '../errors.js';

/** How a run ended. */
export type RunStatus = 'completed' | 'failed' | 'interrupted';

/** What happens in a run, in order. The same objects are the lines of `--output ndjson`. */
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
  /** The run's id: unique, and sortable by time. */
  run: string;
  narrative: string;
  /** The names of the calls to come, in order, those of all rounds. */
  acts: string[];
}

export interface ActStart {
  type: 'act-start';
  /** Its name; `outer/inner` where the act `outer` plays a narrative that has the act `inner`. */
  act: string;
  /** Counts from 1. Present, here and in all events of an act, where the carousel turns more than once. */
  round?: number;
  /** Counts from 0 over the run. */
  index: number;
  /** The model asked for. */
  model: string;
}

/** New text of a streamed reply. */
export interface ActDelta {
  type: 'act-delta';
  act: string;
  round?: number;
  text: string;
}

export interface ActWait {
  type: 'act-wait';
  act: string;
  round?: number;
  model: string;
  reason: WaitReason;
  waitMs: number;
  /** ISO 8601 in UTC. */
  until: string;
  /** True where the limit is a built-in guess. */
  guessed?: boolean;
}

/** An attempt failed and another follows. */
export interface ActRetry {
  type: 'act-retry';
  act: string;
  round?: number;
  /** The attempt that failed, counted from 1. */
  attempt: number;
  delayMs: number;
  error: ErrorReport;
  /** True: forget this act's deltas so far. */
  discard: boolean;
}

/** Another model is asked, for the quota of the one before it is used up. */
export interface ActFallback {
  type: 'act-fallback';
  act: string;
  round?: number;
  from: string;
  to: string;
  reason: string;
}

/** Something else happened in an act that a person should know of. */
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
  /** The model that served. */
  model: string;
  /** The model asked for; an alias, or another one where a fallback served. */
  requestedModel: string;
  text: string;
  finishReason: string;
  /**
   * Of the reply and of what was paid for before it: a reply in JSON that did not match, an attempt that broke off. Of a reply
   * that was reused: what it took when it was given.
   */
  usage: Usage;
  /** How many calls the act took; none where its reply was reused. */
  attempts: number;
  /** How long the act waited before its attempts, in all. */
  waitMs: number;
  durationMs: number;
  /** From the act's start to its first text; with streaming only. */
  firstTokenMs?: number;
  /** True where the reply was taken from an earlier run. */
  reused: boolean;
  /** Where a Live model answered in speech. */
  audio?: ActAudio;
  /** What that cost in US dollars, where the price is known: nothing where it was reused. */
  costUsd?: number;
}

/** The speech that a reply came as; `text` is its transcript. */
export interface ActAudio {
  durationMs: number;
  /** The name of the file that has it, in the folder of `--out-dir`. */
  file?: string;
}

export interface NarrativeEnd {
  type: 'narrative-end';
  run: string;
  status: RunStatus;
  /** What the run spent, also on answers of no use; replies that were reused do not count. */
  usage: Usage;
  /** What that cost in US dollars; absent where the price of a part of it is not known, or nothing was asked. */
  costUsd?: number;
  durationMs: number;
  error?: ErrorReport;
}

/** What a run came to; without `failure` it is the document of `--output json`. */
export interface RunReport {
  run: string;
  /** Absent, as is the description, where the narrative could not be read. */
  narrative: string | undefined;
  description: string | undefined;
  status: RunStatus;
  /** The acts that have their replies. */
  acts: ActEnd[];
  usage: Usage;
  costUsd?: number;
  durationMs: number;
  error?: ErrorReport;
  /** The error itself, with its cause: what `error` reports. */
  failure?: BoticelliError;
}
