import type { Clock } from '../driver/clock.js';
import type { BoticelliDriver, RowIdentity } from '../driver/driver.js';
import type { ReplyMedia } from '../driver/reply-media.js';
import type { ReplyAudio, StreamChunk } from '../driver/response.js';
import type { ActDetail } from './acts/act-details.js';
import type { NarrativeEvent } from './narrative-events.js';
import type { RequestOrder } from './request-order.js';
import type { CallLimiter } from './scheduler.js';

/** The options of `NarrativeExecutor`. Only `driver` is required. */
export interface NarrativeExecutorOptions {
  driver: BoticelliDriver;
  /** The model for acts that do not name one. Default: `defaultModel` of facts/models.ts. */
  defaultModel?: string;
  /**
   * Receives every event, in order. An exception ends the run. A promise returned for `act-end` is awaited before the
   * next act starts, or with `maxConcurrent`, before an act starts that depends on the act that ended.
   */
  onEvent?: (event: NarrativeEvent) => void | Promise<void>;
  /** Receives the prompt of each act before it is sent, and how the act spent its time. An exception ends the run. */
  onDetail?: (detail: ActDetail) => void;
  /**
   * Aborting ends the run at once. Its status is `interrupted`, or `failed` if the reason is a BoticelliError with a
   * code other than `interrupted`.
   */
  signal?: AbortSignal;
  /** Whether the run fails if max_tokens cuts a reply off, or a reply may be incomplete. Default false. */
  strict?: boolean;
  /**
   * Whether the streamed text of a failed attempt can be discarded when an `act-retry` event with `discard: true`
   * arrives. If it can't, the failure ends the run. Default: it can't.
   */
  canDiscard?: (act: { act: string; index: number }) => boolean;
  /** Reads the value of `{{stdin}}`. Called once, before the first act, and only if the narrative uses it. */
  stdin?: () => Promise<string>;
  /**
   * Saves the speech of a Live model's reply. (The sounds of other models go to `saveMedia`.) Called before the
   * `act-end` event of the reply, or before its act fails because the speech has no transcript. Returns the name of the
   * file, if any. If this option is absent, only the duration of the speech is reported.
   */
  saveAudio?: (act: { act: string; index: number }, audio: ReplyAudio) => string | undefined;
  /**
   * Saves a picture or a sound of a reply, but not the speech of a Live model. Called before the `act-end` event of the
   * reply, in the order of the reply; `number` counts from 1. Returns the name of the file, if any.
   */
  saveMedia?: (act: { act: string; index: number }, media: ReplyMedia, number: number) => string | undefined;
  /** Whether `act-end` events contain the bytes of media. Default false. */
  includesMediaData?: boolean;
  /**
   * The end of the warning about media that was not saved, after a semicolon: for example, how the user can get the
   * media. The warning is an `act-note` event. Default: `it was not saved`.
   */
  unsavedMediaHint?: string;
  /**
   * Whether the replies are rehearsed, that is, invented without a request. A rehearsed reply names no real file. So if
   * the `file` or `url` of media contains a placeholder for a reply, the prompt has a text in place of the media.
   * Default false.
   */
  isRehearsal?: boolean;
  /**
   * Whether to ask for summaries of the models' thoughts, which are reported as `act-thought` events. Default false.
   */
  includeThoughts?: boolean;
  /**
   * Whether a row, a reply or standard input that fills the `file` of media may choose any file, and whether a reply
   * or standard input that fills the `url` may choose the host. Default false: a file must be in the folder of the
   * narrative or of the rows, and the host must not come from a reply or standard input.
   */
  allowOutside?: boolean;
  /**
   * The maximum number of acts that run at the same time. Default 1: the acts run in order. Above 1, an act starts as
   * soon as the acts that it depends on have finished: those that its context shows, and those to which its texts, its
   * expectations and the `file` or `url` of its media refer. The requests and the order of `acts` in the report stay
   * the same. Events of different acts interleave, and each has the `index` of its act.
   */
  maxConcurrent?: number;
  /** The limiter to use instead of `maxConcurrent`. Executors that share a limiter have one limit together. */
  callLimiter?: CallLimiter | undefined;
  clock?: Clock;
}

/** The options and listeners that all acts of a run share. */
export interface RunContext {
  options: NarrativeExecutorOptions;
  /**
   * Identifies the run: a new object for each run, which is passed to the driver with each call. A driver that stores or
   * replays replies counts equal requests. With this object, it counts those of each run separately.
   */
  runKey: object;
  /** Present if acts may run in parallel. */
  parallel: ParallelContext | undefined;
  clock: Clock;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Whether to stream replies if the driver can. */
  stream: boolean;
  onChunk: ProgressListener | undefined;
  row?: NarrativeRow | undefined;
  rowIdentity?: RowIdentity | undefined;
}

/** What parallel acts of a run share. */
export interface ParallelContext {
  /** Limits how many acts run at the same time. Several executors may share a limiter. */
  limiter: CallLimiter;
  /**
   * Makes an act wait while an earlier act still has to send a request that may be equal. Equal requests get their
   * stored replies in the order in which they are sent, so this order must be the order of the acts.
   */
  requestOrder: RequestOrder;
}

/** One row of a list, for which a narrative runs. */
export interface NarrativeRow {
  /** Counts from 1; the value of `{{row.number}}`. */
  number: number;
  /** The values of `{{row.name}}`: text, or any other JSON; a bigint is a whole number of any length. */
  values: Readonly<Record<string, unknown>>;
  /**
   * File names that the row fills are relative to this folder. The files must be in it or in the folder of the
   * narrative.
   */
  folder: string;
  /** The file that the row stands for, if there is one. It may be in any folder, because the user named it. */
  file?: string;
  /** Why the row has no value for a key, by the key. Errors contain it. */
  absenceReasons?: Readonly<Record<string, string>>;
  /**
   * Whether this row has placeholder values, because an estimate is made without rows. Media whose file or URL depends
   * on the row is then not read.
   */
  isUnknown?: boolean;
}

/** How one narrative is executed. */
export interface ExecuteOptions {
  /** The values of `{{row}}`, `{{row.name}}` and `{{row.number}}`. */
  row?: NarrativeRow;
  /**
   * The row for which the narrative runs. A driver that several rows share distinguishes equal requests of the rows by
   * this identity. A row with a driver of its own needs no identity.
   */
  rowIdentity?: RowIdentity;
  /** Whether to stream replies, as `act-delta` events, if the driver can. Default false. */
  stream?: boolean;
}

/** Receives the chunks of a streamed reply. */
export type ProgressListener = (act: string, chunk: StreamChunk) => void;
