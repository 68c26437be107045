import { systemClock } from '../driver/clock.js';
import { zeroUsage } from '../driver/response.js';
import { BoticelliError, toBoticelliError, toErrorReport } from '../errors.js';
import { collectNarratives, listTemplateTexts, type Narrative } from '../narrative/narrative.js';
import { getPlaceholderNames } from '../narrative/template.js';
import { assertNoHostFromReplyOrStdin } from './media-source-checks.js';
import type { RunReport } from './narrative-events.js';
import type { ExecuteOptions, NarrativeExecutorOptions, ParallelContext, ProgressListener } from './options.js';
import { planActs } from './plan-acts.js';
import { createRequestOrder } from './request-order.js';
import { assertRowGiven } from './row-values.js';
import { createRunId } from './run-id.js';
import { type RunState, runNarrative } from './run-narrative.js';
import { createCallLimiter } from './scheduler.js';

/**
 * Executes narratives. Both methods resolve to a report even if the run fails or is interrupted; the report then
 * contains the error and the replies received so far.
 */
export class NarrativeExecutor {
  readonly #options: NarrativeExecutorOptions;

  constructor(options: NarrativeExecutorOptions) {
    const { maxConcurrent = 1, callLimiter } = options;
    const limiter = maxConcurrent > 1 ? createCallLimiter(maxConcurrent) : undefined;
    this.#options = { ...options, callLimiter: callLimiter ?? limiter };
  }

  /**
   * Runs the acts in order. With `maxConcurrent` above 1, runs independent acts in parallel. `rowIdentity` says for
   * which row and combination the acts run.
   */
  execute(narrative: Narrative, { stream = false, row, rowIdentity }: ExecuteOptions = {}): Promise<RunReport> {
    return executeNarrative(narrative, this.#options, { stream, onChunk: undefined, row, rowIdentity });
  }

  /** Does the same as `execute` with `stream: true`, and also calls `onChunk` with each chunk as it arrives. */
  executeWithProgress(narrative: Narrative, onChunk: ProgressListener): Promise<RunReport> {
    return executeNarrative(narrative, this.#options, { stream: true, onChunk });
  }
}

async function executeNarrative(
  narrative: Narrative,
  options: NarrativeExecutorOptions,
  execution: Pick<RunState, 'stream' | 'onChunk' | 'row' | 'rowIdentity'>,
): Promise<RunReport> {
  const { clock = systemClock, onEvent = () => {} } = options;
  const startedAt = clock.now();
  const run = createRunId(startedAt);
  const parallel = createParallelContext(narrative, options);
  const state: RunState = {
    options,
    // Each driver call of the run gets this object as `position.run`. Only the identity of the object matters.
    runKey: {},
    parallel,
    clock,
    onEvent,
    ...execution,
    stdin: undefined,
    actEnds: [],
  };
  let failure: BoticelliError | undefined;
  try {
    assertRowGiven(narrative, execution.row);
    if (!options.allowOutside && !options.isRehearsal) assertNoHostFromReplyOrStdin(narrative);
    // Standard input is read before the first request, so that a run whose input is missing costs nothing.
    if (usesStdin(narrative)) state.stdin = await readStdin(options);
    const acts = planActs(narrative).map((act) => act.name);
    onEvent({ type: 'narrative-start', run, narrative: narrative.name, acts });
    await runNarrative(narrative, state);
  } catch (thrown) {
    failure = toRunFailure(state.failed ? state.failed.thrown : thrown, options.signal);
  }

  // If nothing was received, `state.billed` is undefined. The default has no `costUsd`, so no cost of 0 is reported.
  const { actEnds, billed = { usage: zeroUsage } } = state;
  const status = failure ? (failure.code === 'interrupted' ? 'interrupted' : 'failed') : 'completed';
  const durationMs = clock.now() - startedAt;
  const error = failure && { error: toErrorReport(failure, state.failed?.act) };
  onEvent({ type: 'narrative-end', run, status, ...billed, durationMs, ...error });
  const { name, description } = narrative;
  const report: RunReport = {
    run,
    narrative: name,
    description,
    status,
    acts: actEnds.sort((left, right) => left.index - right.index),
    ...billed,
    durationMs,
    ...error,
  };
  return failure ? { ...report, failure } : report;
}

function createParallelContext(
  narrative: Narrative,
  { callLimiter: limiter }: NarrativeExecutorOptions,
): ParallelContext | undefined {
  return limiter && { limiter, requestOrder: createRequestOrder(narrative) };
}

/** Whether a text, or a `file` or `url` of media, contains `{{stdin}}` in the narrative or in a nested narrative. */
export function usesStdin(narrative: Narrative): boolean {
  const actsWithTemplates = [...collectNarratives(narrative)].flatMap(({ templates, acts }) =>
    templates === false ? [] : acts,
  );
  return [...new Set(actsWithTemplates.flatMap(listTemplateTexts))].some((text) =>
    getPlaceholderNames(text).includes('stdin'),
  );
}

async function readStdin({ stdin }: NarrativeExecutorOptions): Promise<string> {
  if (stdin) return stdin();
  throw new BoticelliError('no_input', 'the narrative uses {{stdin}}, but there is no standard input', {
    hint: 'Pass a `stdin` function to the executor.',
  });
}

/**
 * Converts a thrown value to the run's failure. `toBoticelliError` reports unknown values as bugs, but the reason of
 * the caller's abort, which may be any value, is not a bug.
 */
function toRunFailure(thrown: unknown, signal: AbortSignal | undefined): BoticelliError {
  const isCallerReason = signal?.aborted && thrown === signal.reason && !(thrown instanceof BoticelliError);
  return isCallerReason ? new BoticelliError('interrupted', 'aborted', { cause: thrown }) : toBoticelliError(thrown);
}
