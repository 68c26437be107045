import { type Clock, systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import type { Turn } from '../driver/request.js';
import { addUsage, noUsage, type ReplyAudio, type StreamChunk } from '../driver/response.js';
import { asBoticelliError, BoticelliError, reportOf } from '../errors.js';
import type { Narrative } from '../narrative/narrative.js';
import type { ActEnd, NarrativeEvent, RunReport, RunStatus } from './event.js';
import { playAct } from './play-act.js';
import { newRunId } from './run-id.js';

/** How narratives are to be executed. */
export interface NarrativeExecutorOptions {
  driver: BoticelliDriver;
  /** The model of acts that name none. Default: that of facts.ts. */
  defaultModel?: string;
  /**
   * Hears everything that happens, in order. What it throws ends the run. A promise that it returns is waited for where
   * an act has ended, before the next one is asked.
   */
  onEvent?: (event: NarrativeEvent) => void | Promise<void>;
  /** Aborting ends the run at once, with status `interrupted` unless its reason is another BoticelliError. */
  signal?: AbortSignal;
  /** A reply cut short by max_tokens is a failure. Default false. */
  strict?: boolean;
  /**
   * Whether streamed text of a failed attempt can be taken back, told by `act-retry` with `discard: true`. Default:
   * it can't, and such a failure ends the run.
   */
  mayDiscard?: (act: { act: string; index: number }) => boolean;
  /**
   * Is handed the speech of a reply, before the act's end is told; returns the name of the file that has it, if one has.
   * Without it only the speech's length is told.
   */
  keepAudio?: (act: { act: string; index: number }, audio: ReplyAudio) => string | undefined;
  clock?: Clock;
}

/** Hears the pieces of a streamed reply. */
export type ProgressListener = (act: string, chunk: StreamChunk) => void;

/**
 * Plays narratives. Both methods resolve to a report, also of a run that failed or was interrupted: the replies until
 * then are in it, beside the error.
 */
export class NarrativeExecutor {
  readonly #options: NarrativeExecutorOptions;

  constructor(options: NarrativeExecutorOptions) {
    this.#options = options;
  }

  /** Plays the acts with one blocking call each. */
  execute(narrative: Narrative): Promise<RunReport> {
    return play(narrative, this.#options);
  }

  /** Plays the acts streaming, where the driver can; `onChunk` hears each piece as it comes. */
  executeWithProgress(narrative: Narrative, onChunk: ProgressListener): Promise<RunReport> {
    return play(narrative, this.#options, onChunk);
  }
}

async function play(
  { name, description, acts }: Narrative,
  options: NarrativeExecutorOptions,
  onChunk?: ProgressListener,
): Promise<RunReport> {
  const { clock = systemClock, onEvent = () => {} } = options;
  const startedAt = clock.now();
  const run = newRunId(startedAt);
  onEvent({ type: 'narrative-start', run, narrative: name, acts: acts.map((act) => act.name) });

  const conversation: Turn[] = [];
  const played: ActEnd[] = [];
  let failed: { failure: BoticelliError; act: string } | undefined;
  for (const [index, act] of acts.entries()) {
    try {
      const { turns, end } = await playAct({ act, index, conversation, clock, onEvent, onChunk, options });
      conversation.push(...turns);
      played.push(end);
      await onEvent(end);
    } catch (thrown) {
      failed = { failure: failureOf(thrown, options.signal), act: act.name };
      break;
    }
  }

  const status = statusAfter(failed?.failure);
  const usage = played.map((end) => end.usage).reduce(addUsage, noUsage);
  const durationMs = clock.now() - startedAt;
  const error = failed && { error: reportOf(failed.failure, failed.act) };
  onEvent({ type: 'narrative-end', run, status, usage, durationMs, ...error });
  return {
    ...{ run, narrative: name, description, status, acts: played, usage, durationMs, ...error },
    ...(failed && { failure: failed.failure }),
  };
}

/** Whatever the signal was aborted with, it is no bug of ours. */
function failureOf(thrown: unknown, signal: AbortSignal | undefined): BoticelliError {
  const isForeignReason = signal?.aborted && thrown === signal.reason && !(thrown instanceof BoticelliError);
  return isForeignReason ? new BoticelliError('interrupted', 'aborted', { cause: thrown }) : asBoticelliError(thrown);
}

function statusAfter(failure: BoticelliError | undefined): RunStatus {
  if (failure === undefined) return 'completed';
  return failure.code === 'interrupted' ? 'interrupted' : 'failed';
}
