import { addUsage, zeroUsage } from '../../../driver/response.js';
import { type ErrorCode, toBoticelliError } from '../../../errors.js';
import { createScheduler } from '../../../executor/scheduler.js';
import { createRowResult } from '../../../rows/results/row-result.js';
import { countFailures } from '../../../terminal/progress/rows-progress.js';
import { createFailedReport } from '../narrative-view.js';
import { executeRow, type RowContext } from './execute-row.js';
import type { RowsRun } from './open-rows-run.js';
import { createRowOutput } from './row-output.js';
import { countTasks, getShortTaskName, getSubject, getTaskName, listTasks, type RowTask } from './row-tasks.js';
import type { RowsOutcome } from './rows-outcome.js';
import { createOutcome, type RowsState } from './rows-state.js';

/** How many rows may be ahead of the oldest unfinished one, for each row in parallel. */
const rowsAheadPerJob = 16;

/** The default of `--jobs` with `--each`, and with `--matrix` alone. */
const defaultJobs = { each: 4, matrix: 1 };

/** Errors that every further row would have too: it is not asked. */
const stopCodes: ReadonlySet<ErrorCode> = new Set([
  ...(['quota_exhausted', 'budget_exceeded', 'rate_limited'] as const),
  ...(['auth', 'missing_api_key', 'invalid_config', 'model_not_found', 'output_failed'] as const),
]);

/** Runs the narrative for each row and combination. Never rejects: the outcome has the reason if not all were asked. */
export async function askRows(run: RowsRun, context: RowContext): Promise<RowsOutcome> {
  const { options, signal, view } = context;
  const { results } = run;
  const jobs = options.jobs ?? (options.each === undefined ? defaultJobs.matrix : defaultJobs.each);
  const scheduler = createScheduler({ maxConcurrent: jobs, maxAhead: jobs * rowsAheadPerJob });
  const state: RowsState = { usage: zeroUsage, lastStarted: 0, read: 0, output: undefined, first: undefined };
  const { output: format, only } = options;
  if (!results) state.output = createRowOutput({ format, output: view.stdout, only, writeHeading: view.writeHeading });
  view.start(countTasks(run, options.shard));
  try {
    for await (const task of listTasks(run, options)) {
      if (results?.has(getSubject(task))) {
        view.skipRow();
        state.read += 1;
        continue;
      }
      await scheduler.waitForSlot();
      if (signal.aborted || isStopped(state, context)) break;
      state.read += 1;
      state.lastStarted = task.position;
      state.output?.expect(task.position, formatHeading(task, run));
      scheduler.start(() => askRow(task, run, state, context));
    }
  } catch (thrown) {
    if (!signal.aborted) state.stopError = toBoticelliError(thrown);
  }
  await scheduler.drain();
  closeFiles(run, state);
  return createOutcome(run, state, context);
}

function isStopped(state: RowsState, { options, view }: RowContext): boolean {
  const { maxFailures } = options;
  const { counts } = view;
  if (maxFailures !== undefined && countFailures(counts) >= maxFailures)
    state.stopReason ??= `${maxFailures} ${counts.unit}${maxFailures === 1 ? '' : 's'} failed (--max-failures)`;
  return state.stopReason !== undefined || state.stopError !== undefined;
}

/** The heading of a reply, which tells it apart from those of other combinations; undefined without `--matrix`. */
function formatHeading(task: RowTask, { source, variants }: RowsRun): string | undefined {
  if (!task.variant.combination) return undefined;
  const prefix = source.format === 'none' ? `[${task.position}/${variants.length}] ` : '';
  return prefix + getShortTaskName(task, source);
}

async function askRow(task: RowTask, run: RowsRun, state: RowsState, context: RowContext): Promise<void> {
  const { position, row, shared } = task;
  const { signal, view, options } = context;
  try {
    const report = await executeRow(task, run, context).catch(createFailedReport);
    // A row that was interrupted has neither a reply nor an error of its own.
    if (report.status === 'interrupted' || (signal.aborted && report.failure)) return state.output?.skip(position);
    const { failure } = report;
    state.usage = addUsage(state.usage, report.usage);
    if (failure && (state.first === undefined || position < state.first.position)) state.first = { position, failure };
    if (failure && stopCodes.has(failure.code)) state.stopReason ??= failure.message;
    view.endRow(getTaskName(task, run.source), report);
    const number = run.source.format === 'none' ? position : row.number;
    const result = createRowResult({ ...getSubject(task), number }, report, run.isJsonReply);
    run.results?.write(result);
    state.output?.add(position, result);
    if (failure && !shared.isWrittenAsFailed) run.failed?.write(row);
    if (failure) shared.isWrittenAsFailed = true;
    if (!options.quiet) await view.stdout.flush();
  } catch (thrown) {
    // The results can't be written. Rows in flight finish, because their replies are stored.
    state.stopError ??= toBoticelliError(thrown);
  }
}

function closeFiles({ source, results, failed }: RowsRun, state: RowsState): void {
  source.close();
  try {
    state.output?.finish();
    results?.close();
    failed?.close();
  } catch (thrown) {
    state.stopError ??= toBoticelliError(thrown);
  }
}
