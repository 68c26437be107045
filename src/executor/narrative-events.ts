import type { FallbackEvent, NoteEvent, RetryEvent, ThoughtEvent, WaitEvent } from '../driver/driver-events.js';
import type { Usage } from '../driver/response.js';
import type { ToolUse } from '../driver/tool-use.js';
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
  | ActThought
  | ActEnd
  | NarrativeEnd;

/**
 * A run starts. This is the first event. It is absent if the run fails before it can start its acts, for example
 * because standard input can't be read.
 */
export interface NarrativeStart {
  type: 'narrative-start';
  /** The id of the run: unique and sortable by time. */
  run: string;
  narrative: string;
  /** The names of all acts in the order in which they will run, over all rounds. */
  acts: string[];
}

/** The act of an event. */
interface ActReference {
  /** The name of the act; `outer/inner` for the act `inner` of a narrative that the act `outer` runs. */
  act: string;
  /** Counts from 1. Present in all events of an act if its narrative has several rounds. */
  round?: number;
  /**
   * Counts from 0 over the run, in the order of the acts. Present in all events of an act if acts may run in parallel.
   */
  index?: number;
}

/** An act starts. */
export interface ActStart extends ActReference {
  type: 'act-start';
  index: number;
  /** The requested model. */
  model: string;
}

/** New text of a streamed reply. */
export interface ActDelta extends ActReference {
  type: 'act-delta';
  text: string;
}

/** The act waits before its next attempt; `reason` says what it waits for. */
export interface ActWait extends ActReference, Omit<WaitEvent, 'type'> {
  type: 'act-wait';
}

/**
 * An attempt failed and another one follows. If `discard` is true, the deltas of the act so far must be discarded,
 * except for their first `keepChars` UTF-16 units.
 */
export interface ActRetry extends ActReference, Omit<RetryEvent, 'type'> {
  type: 'act-retry';
}

/**
 * The request goes to another model, because the quota of the previous model is used up, or to another service tier,
 * because the previous tier has no capacity for the request.
 */
export interface ActFallback extends ActReference, Omit<FallbackEvent, 'type'> {
  type: 'act-fallback';
}

/** Other information about an act for the user. */
export interface ActNote extends ActReference, Omit<NoteEvent, 'type'> {
  type: 'act-note';
  /** If a request returned a part of a long reply and another request follows: the number of the part, from 1. */
  part?: number;
}

/** What the model thinks, as the service summarizes it. Thoughts are not part of the reply. */
export interface ActThought extends ActReference, Omit<ThoughtEvent, 'type'> {
  type: 'act-thought';
}

/** An act received its reply. `sources`, `searches` and `code` say what Google's tools did for it. */
export interface ActEnd extends ActReference, ToolUse {
  type: 'act-end';
  index: number;
  /** The model that served the request. */
  model: string;
  /** The requested model; differs from `model` for an alias or a fallback. */
  requestedModel: string;
  text: string;
  finishReason: string;
  /**
   * The usage of the reply, and of the failed attempts before it that were billed (invalid JSON, an interrupted
   * stream). For a reused reply, this is its original usage.
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
  /** Present if a Live model replied in speech. */
  audio?: ActAudio;
  /** The pictures and sounds of the reply, in its order; absent if it has none. */
  media?: ActMedia[];
  /** In US dollars; 0 for a reused reply, absent if the price is unknown. */
  costUsd?: number;
  /**
   * The service tier that served the request, in lower case: as the service states it, else the tier that was asked
   * for. Absent if there is neither, and for a reused reply.
   */
  serviceTier?: string;
}

/** The speech of a reply. Its transcript is the `text` of the event. */
export interface ActAudio {
  durationMs: number;
  /** The name of the audio file in the folder of `--out-dir`; absent if the speech was not saved. */
  file?: string;
}

/** A picture or a sound of a reply. */
export interface ActMedia {
  /** For example `image/png`. */
  mimeType: string;
  byteLength: number;
  /** The name of the file in the folder of `--out-dir`; absent if it was not saved. */
  file?: string;
  /** The bytes in base64. Not in reports; in events only with the option `includesMediaData`. */
  data?: string;
}

/** A run has ended. It is the last event. */
export interface NarrativeEnd {
  type: 'narrative-end';
  run: string;
  status: RunStatus;
  /** The total usage. It includes failed attempts that were billed, and excludes reused replies. */
  usage: Usage;
  /** The total cost in US dollars; absent if a price is unknown, or if nothing was received. */
  costUsd?: number;
  durationMs: number;
  error?: ErrorReport;
}

/** The result of a run. All fields except `failure` are the document of `--output json`. */
export interface RunReport extends Omit<NarrativeEnd, 'type'> {
  /** The name of the narrative. Undefined, like the description, if the file could not be read. */
  narrative: string | undefined;
  description: string | undefined;
  /** The acts that received their replies, in the order of the acts. */
  acts: ActEnd[];
  /** The error object, with its cause. `error` is its JSON form. */
  failure?: BoticelliError;
}
