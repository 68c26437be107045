import { type Clock, systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { type ReplyAudio, type StreamChunk, zeroUsage } from '../driver/response.js';
import { BoticelliError, toBoticelliError, toErrorReport } from '../errors.js';
import type { Narrative } from '../narrative/narrative.js';
import type { NarrativeEvent, RunReport, RunStatus } from './narrative-events.js';
import { planActs } from './plan-acts.js';
import { createRunId } from './run-id.js';
import { type RunState, runNarrative } from './run-narrative.js';
import { usesStdin } from './uses-stdin.js';

/** How narratives are to be executed. */
export interface NarrativeExecutorOptions {
  driver: BoticelliDriver;
  /** The model of acts that name none. Default: `defaultModel` of facts/models.ts. */
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
  canDiscard?: (act: { act: string; index: number }) => boolean;
  /** What `{{stdin}}` stands for. Called before the first act, once, and only if a text uses it. */
  stdin?: () => Promise<string>;
  /**
   * Is handed the speech of a reply, before the act's end is told; returns the name of the file that has it, if one has.
   * Without it only the speech's length is told.
   */
  saveAudio?: (act: { act: string; index: number }, audio: ReplyAudio) => string | undefined;
  /**
   * Replies are a stand-in's, so that no medium can be found by a name that one makes: a text that says so goes in its
   * place. Default false.
   */
  isRehearsal?: boolean;
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
    return executeNarrative(narrative, this.#options);
  }

  /** Plays the acts streaming, where the driver can; `onChunk` hears each piece as it comes. */
  executeWithProgress(narrative: Narrative, onChunk: ProgressListener): Promise<RunReport> {
    return executeNarrative(narrative, this.#options, onChunk);
  }
}

async function executeNarrative(
  narrative: Narrative,
  options: NarrativeExecutorOptions,
  onChunk?: ProgressListener,
): Promise<RunReport> {
  const { clock = systemClock, onEvent = () => {} } = options;
  const startedAt = clock.now();
  const run = createRunId(startedAt);
  const state: RunState = { options, clock, onEvent, onChunk, stdin: undefined, actEnds: [] };
  let failure: BoticelliError | undefined;
  try {
    // Before anything is asked: a run that can't have its input must not cost anything.
    if (usesStdin(narrative)) state.stdin = await readStdin(options);
    onEvent({ type: 'narrative-start', run, narrative: narrative.name, acts: listActNames(narrative) });
    await runNarrative(narrative, state);
  } catch (thrown) {
    failure = toRunFailure(thrown, options.signal);
  }

  // A run that asked nothing has no price to tell.
  const { actEnds, billed = { usage: zeroUsage } } = state;
  const status = getRunStatus(failure);
  const durationMs = clock.now() - startedAt;
  const error = failure && { error: toErrorReport(failure, state.currentAct) };
  onEvent({ type: 'narrative-end', run, status, ...billed, durationMs, ...error });
  const { name, description } = narrative;
  return {
    ...{ run, narrative: name, description, status, acts: actEnds, ...billed, durationMs, ...error },
    ...(failure && { failure }),
  };
}

function listActNames(narrative: Narrative): string[] {
  return planActs(narrative).map(({ name }) => name);
}

async function readStdin({ stdin }: NarrativeExecutorOptions): Promise<string> {
  if (stdin) return stdin();
  throw new BoticelliError('no_input', 'the narrative uses {{stdin}}, and there is no standard input', {
    hint: 'Give the executor a function `stdin` that reads it.',
  });
}

/** Whatever the signal was aborted with, it is no bug of ours. */
function toRunFailure(thrown: unknown, signal: AbortSignal | undefined): BoticelliError {
  const isCallerReason = signal?.aborted && thrown === signal.reason && !(thrown instanceof BoticelliError);
  return isCallerReason ? new BoticelliError('interrupted', 'aborted', { cause: thrown }) : toBoticelliError(thrown);
}

function getRunStatus(failure: BoticelliError | undefined): RunStatus {
  if (failure === undefined) return 'completed';
  return failure.code === 'interrupted' ? 'interrupted' : 'failed';
}
