import type { Clock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import type { ReplyAudio, StreamChunk } from '../driver/response.js';
import type { NarrativeEvent } from './narrative-events.js';

export interface NarrativeExecutorOptions {
  driver: BoticelliDriver;
  /** The model of acts that name none. Default: `defaultModel` of facts/models.ts. */
  defaultModel?: string;
  /**
   * Receives every event, in order. An exception ends the run. A promise returned for `act-end` is awaited before the
   * next act starts.
   */
  onEvent?: (event: NarrativeEvent) => void | Promise<void>;
  /** Aborting ends the run at once, with status `interrupted` unless the reason is another BoticelliError. */
  signal?: AbortSignal;
  /** Fail on a reply that max_tokens cut off. Default false. */
  strict?: boolean;
  /**
   * Whether the streamed text of a failed attempt can be discarded, on an `act-retry` event with `discard: true`.
   * Default: no, so the failure ends the run.
   */
  canDiscard?: (act: { act: string; index: number }) => boolean;
  /** Reads the value of `{{stdin}}`. Called once, before the first act, and only if a text uses it. */
  stdin?: () => Promise<string>;
  /**
   * Saves the speech of a reply, before its `act-end` event. Returns the name of the file, if any. Without it only the
   * duration is reported.
   */
  saveAudio?: (act: { act: string; index: number }, audio: ReplyAudio) => string | undefined;
  /** The replies are not real, so a media file that one names is replaced with a placeholder text. Default false. */
  isRehearsal?: boolean;
  clock?: Clock;
}

/** What all acts of a run share. */
export interface RunContext {
  options: NarrativeExecutorOptions;
  clock: Clock;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Whether to stream replies where the driver can. */
  stream: boolean;
  onChunk: ProgressListener | undefined;
}

/** How one narrative is executed. */
export interface ExecuteOptions {
  /** Stream replies where the driver can, with `act-delta` events. Default false. */
  stream?: boolean;
}

/** Receives the chunks of a streamed reply. */
export type ProgressListener = (act: string, chunk: StreamChunk) => void;
