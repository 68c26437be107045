import { type Clock, systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { noUsage, type ReplyAudio, type StreamChunk } from '../driver/response.js';
import { asBoticelliError, BoticelliError, reportOf } from '../errors.js';
import type { Narrative } from '../narrative/narrative.js';
import type { NarrativeEvent, RunReport, RunStatus } from './event.js';
import { plannedActs } from './planned-acts.js';
import { newRunId } from './run-id.js';
import { playNarrative, type Stage } from './run-narrative.js';
import { usesStdin } from './uses-stdin.js';

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
  /** What `{{stdin}}` stands for. Called before the first act, once, and only if a text uses it. */
  stdin?: () => Promise<string>;
  /**
   * Is handed the speech of a reply, before the act's end is told; returns the name of the file that has it, if one has.
   * Without it only the speech's length is told.
   */
  keepAudio?: (act: { act: string; index: number }, audio: ReplyAudio) => string | undefined;
  /**
   * Replies are a stand-in's, so that no medium can be found by a name that one makes: a text that says so goes in its
   * place. Default false.
   */
  rehearses?: boolean;
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
  narrative: Narrative,
  options: NarrativeExecutorOptions,
  onChunk?: ProgressListener,
): Promise<RunReport> {
  const { clock = systemClock, onEvent = () => {} } = options;
  const startedAt = clock.now();
  const run = newRunId(startedAt);
  const stage: Stage = { options, clock, onEvent, onChunk, stdin: undefined, ends: [] };
  let failure: BoticelliError | undefined;
  try {
    // Before anything is asked: a run that can't have its input must not cost anything.
    if (usesStdin(narrative)) stage.stdin = await readStdin(options);
    onEvent({ type: 'narrative-start', run, narrative: narrative.name, acts: namesOf(narrative) });
    await playNarrative(narrative, stage);
  } catch (thrown) {
    failure = failureOf(thrown, options.signal);
  }

  // A run that asked nothing has no price to tell.
  const { ends, spent = { usage: noUsage } } = stage;
  const status = statusAfter(failure);
  const durationMs = clock.now() - startedAt;
  const error = failure && { error: reportOf(failure, stage.playing) };
  onEvent({ type: 'narrative-end', run, status, ...spent, durationMs, ...error });
  const { name, description } = narrative;
  return {
    ...{ run, narrative: name, description, status, acts: ends, ...spent, durationMs, ...error },
    ...(failure && { failure }),
  };
}

function namesOf(narrative: Narrative): string[] {
  return plannedActs(narrative).map(({ name }) => name);
}

async function readStdin({ stdin }: NarrativeExecutorOptions): Promise<string> {
  if (stdin) return stdin();
  throw new BoticelliError('no_input', 'the narrative uses {{stdin}}, and there is no standard input', {
    hint: 'Give the executor a function `stdin` that reads it.',
  });
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
