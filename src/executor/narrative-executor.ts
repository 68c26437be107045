import { systemClock } from '../driver/clock.js';
import { zeroUsage } from '../driver/response.js';
import { BoticelliError, toBoticelliError, toErrorReport } from '../errors.js';
import type { Narrative } from '../narrative/narrative.js';
import type { RunReport, RunStatus } from './narrative-events.js';
import type { ExecuteOptions, NarrativeExecutorOptions, ProgressListener } from './options.js';
import { planActs } from './plan-acts.js';
import { createRunId } from './run-id.js';
import { type RunState, runNarrative } from './run-narrative.js';
import { usesStdin } from './uses-stdin.js';

/**
 * Executes narratives. A run that fails or is interrupted resolves to a report too, with the error and the replies so far.
 */
export class NarrativeExecutor {
  readonly #options: NarrativeExecutorOptions;

  constructor(options: NarrativeExecutorOptions) {
    this.#options = options;
  }

  /** Runs the acts in order. */
  execute(narrative: Narrative, { stream = false }: ExecuteOptions = {}): Promise<RunReport> {
    return executeNarrative(narrative, this.#options, stream);
  }

  /** The same as `execute` with `stream: true`, and calls `onChunk` with each chunk as it arrives. */
  executeWithProgress(narrative: Narrative, onChunk: ProgressListener): Promise<RunReport> {
    return executeNarrative(narrative, this.#options, true, onChunk);
  }
}

async function executeNarrative(
  narrative: Narrative,
  options: NarrativeExecutorOptions,
  stream: boolean,
  onChunk?: ProgressListener,
): Promise<RunReport> {
  const { clock = systemClock, onEvent = () => {} } = options;
  const startedAt = clock.now();
  const run = createRunId(startedAt);
  const state: RunState = { options, clock, onEvent, stream, onChunk, stdin: undefined, actEnds: [] };
  let failure: BoticelliError | undefined;
  try {
    // Before the first request: a run without its input must not cost anything.
    if (usesStdin(narrative)) state.stdin = await readStdin(options);
    onEvent({ type: 'narrative-start', run, narrative: narrative.name, acts: listActNames(narrative) });
    await runNarrative(narrative, state);
  } catch (thrown) {
    failure = toRunFailure(thrown, options.signal);
  }

  // Without a request there is no cost, not a cost of 0.
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
  throw new BoticelliError('no_input', 'the narrative uses {{stdin}}, but there is no standard input', {
    hint: 'Pass a `stdin` function to the executor.',
  });
}

/** An abort by the caller is not a bug, whatever its reason. */
function toRunFailure(thrown: unknown, signal: AbortSignal | undefined): BoticelliError {
  const isCallerReason = signal?.aborted && thrown === signal.reason && !(thrown instanceof BoticelliError);
  return isCallerReason ? new BoticelliError('interrupted', 'aborted', { cause: thrown }) : toBoticelliError(thrown);
}

function getRunStatus(failure: BoticelliError | undefined): RunStatus {
  if (failure === undefined) return 'completed';
  return failure.code === 'interrupted' ? 'interrupted' : 'failed';
}
