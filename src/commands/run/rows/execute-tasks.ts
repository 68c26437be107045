import { addUsage } from '../../../driver/response.js';
import { type BoticelliError, toBoticelliError } from '../../../errors.js';
import { createScheduler } from '../../../executor/scheduler.js';
import type { MatrixValue } from '../../../rows/matrix.js';
import { createRowResult } from '../../../rows/results/row-result.js';
import { isFromEach } from '../../../rows/row.js';
import { countFailures } from '../../../terminal/progress/rows-progress.js';
import { createFailedReport } from '../narrative-view.js';
import { executeTask, type TaskContext } from './execute-task.js';
import type { RowsRun } from './open-rows-run.js';
import { createRowOutput } from './row-output.js';
import { getRowAndCombination, getShortTaskName, type RowTask } from './row-task.js';
import { countTasks, listTasks } from './row-tasks.js';
import type { RowsOutcome } from './rows-outcome.js';
import { createOutcome, createRowsState, type RowsState } from './rows-state.js';
import { getStopScope } from './stop-scope.js';

/**
 * How many tasks may start before the oldest running task has finished: this number times `--jobs`. The results of
 * later tasks wait in memory for the oldest one, because results are printed in order. The limit keeps them few.
 */
const tasksAheadPerJob = 16;

/** Executes a task for each row and combination. Never rejects: the outcome says why tasks were not executed. */
export async function executeTasks(rowsRun: RowsRun, context: TaskContext): Promise<RowsOutcome> {
  const { options, signal, view } = context;
  const { results, jobs } = rowsRun;
  const scheduler = createScheduler({ maxConcurrent: jobs, maxAhead: jobs * tasksAheadPerJob });
  const state = createRowsState();
  const { output: format, only } = options;
  if (!results) state.output = createRowOutput({ format, output: view.stdout, only, writeHeading: view.writeHeading });
  view.start(countTasks(rowsRun, options.shard));
  try {
    for await (const task of listTasks(rowsRun, options)) {
      if (results?.claimEarlierResult(getRowAndCombination(task))) {
        view.addReusedRow(task);
        state.startedOrSkipped += 1;
        continue;
      }
      await scheduler.waitForSlot();
      if (signal.aborted || checkStopped(state, context)) break;
      state.startedOrSkipped += 1;
      const stoppedModel = state.stoppedModels.get(getModel(task));
      if (stoppedModel) {
        stoppedModel.notRun += 1;
        continue;
      }
      state.lastStarted = task.taskNumber;
      state.output?.announce(task.taskNumber, formatHeading(task, rowsRun));
      scheduler.start(() => executeAndRecord(task, rowsRun, state, context));
    }
  } catch (thrown) {
    if (!signal.aborted) state.stopError = toBoticelliError(thrown);
  }
  await scheduler.drain();
  closeFiles(rowsRun, state, context);
  return createOutcome(rowsRun, state, context);
}

/** Whether no further task may start. If too many tasks have failed, sets the reason. */
function checkStopped(state: RowsState, { options, view }: TaskContext): boolean {
  const { maxFailures } = options;
  const { counts } = view;
  if (maxFailures !== undefined && countFailures(counts) >= maxFailures)
    state.stopReason ??= `${maxFailures} ${counts.unit}${maxFailures === 1 ? '' : 's'} failed (--max-failures)`;
  return state.stopReason !== undefined || state.stopError !== undefined;
}

/**
 * Prevents the start of further tasks that would fail in the same way. If only the model of this task is the cause,
 * tasks with other models of `--matrix` still start.
 */
function stopAfter(failure: BoticelliError, task: RowTask, { narrativeVariants }: RowsRun, state: RowsState): void {
  const scope = getStopScope(failure);
  if (!scope) return;
  const { stoppedModels } = state;
  const model = getModel(task);
  const models = new Set(narrativeVariants.map(getModel));
  if (scope === 'model' && !stoppedModels.has(model)) stoppedModels.set(model, { reason: failure.message, notRun: 0 });
  if (scope === 'command' || stoppedModels.size === models.size) state.stopReason ??= failure.message;
}

/** The model that `--matrix` sets for a task; undefined if it sets none. */
function getModel({ combination }: Pick<RowTask, 'combination'>): MatrixValue | undefined {
  return combination?.values.model;
}

/** The heading of a reply, which tells it apart from those of other combinations; undefined without `--matrix`. */
function formatHeading(task: RowTask, { source, narrativeVariants }: RowsRun): string | undefined {
  if (!task.combination) return undefined;
  const prefix = isFromEach(source) ? '' : `[${task.taskNumber}/${narrativeVariants.length}] `;
  return prefix + getShortTaskName(task, source);
}

/** Executes a task, counts its result and writes it to the outputs. */
async function executeAndRecord(
  task: RowTask,
  rowsRun: RowsRun,
  state: RowsState,
  context: TaskContext,
): Promise<void> {
  const { taskNumber, row, rowState } = task;
  const { signal, view, options } = context;
  try {
    const report = await executeTask(task, rowsRun, context).catch(createFailedReport);
    // A row that was interrupted has neither a reply nor an error of its own, so it has no result. After an abort, any
    // failure of a row counts as an interruption.
    if (report.status === 'interrupted' || (signal.aborted && report.failure))
      return state.output?.endWithoutResult(taskNumber);
    const { failure } = report;
    state.usage = addUsage(state.usage, report.usage);
    if (failure && taskNumber < (state.firstFailure?.taskNumber ?? Number.POSITIVE_INFINITY))
      state.firstFailure = { taskNumber, failure };
    if (failure) stopAfter(failure, task, rowsRun, state);
    view.endRow(task, rowsRun.source, report);
    const number = isFromEach(rowsRun.source) ? row.number : taskNumber;
    const result = createRowResult({ ...getRowAndCombination(task), number }, report, rowsRun.isJsonReply);
    rowsRun.results?.write(result);
    state.output?.add(taskNumber, result, report.acts.at(-1)?.text ?? '');
    if (failure && !rowState.isWrittenAsFailed) rowsRun.failed?.write(row);
    if (failure) rowState.isWrittenAsFailed = true;
    if (!options.quiet) await view.stdout.flush();
  } catch (thrown) {
    // The results can't be written, so no further row starts. Rows in flight finish: their replies are stored.
    state.stopError ??= toBoticelliError(thrown);
  }
}

function closeFiles({ source, results, failed }: RowsRun, state: RowsState, { options, signal }: TaskContext): void {
  const isStopped = signal.aborted || state.stopError !== undefined || state.stopReason !== undefined;
  const isComplete = !isStopped && state.stoppedModels.size === 0 && options.shard === undefined;
  source.close();
  try {
    state.output?.finish();
    results?.close();
    failed?.close(isComplete);
  } catch (thrown) {
    state.stopError ??= toBoticelliError(thrown);
  }
}
