import { BoticelliError } from '../../../errors.js';
import type { RunReport } from '../../../executor/narrative-events.js';
import { NarrativeExecutor } from '../../../executor/narrative-executor.js';
import { isFromEach } from '../../../rows/row.js';
import { getUnsavedMediaHint } from '../media-outputs.js';
import { failReportIfThrows } from '../narrative-view.js';
import type { RunOptions } from '../options.js';
import { loadFileNameConverter, openReplyFiles, type ReplyFiles } from '../out-dir.js';
import type { RowsRun } from './open-rows-run.js';
import { getShortTaskName, type RowTask } from './row-task.js';
import type { RowsView } from './rows-view.js';

/** The options of the command, the signal that ends it, and its output. */
export interface TaskContext {
  options: RunOptions;
  signal: AbortSignal;
  view: RowsView;
}

/** Runs the narrative of a task. @throws BoticelliError if the row can't be used, or its folder can't be written */
export async function executeTask(task: RowTask, rowsRun: RowsRun, context: TaskContext): Promise<RunReport> {
  const { row, taskNumber, rowIdentity, narrative, combination } = task;
  const problem = row.problem ?? rowsRun.results?.explainUnwritable(row);
  if (problem !== undefined)
    throw new BoticelliError('invalid_narrative', problem, { hint: 'Fix the row. It was not sent.' });
  const { number, values, folder, file, absenceReasons } = row;
  const { driver, defaultModel, persistence, callLimiter, readStdin: stdin } = rowsRun;
  const { options, signal, view } = context;
  const { strict = false, rehearse: isRehearsal = false, allowOutside = false, stream = false } = options;
  const files = await openTaskFiles(task, options);
  const rowListener = view.createListener(getShortTaskName(task, rowsRun.source));
  const label = String(Object.values(values)[0] ?? '');
  const rowEntry = { number: taskNumber, label, matrix: combination };
  const { onEvent, onDetail } = persistence.wrapRowListener(rowEntry, {
    onEvent(event) {
      rowListener.onEvent(event);
      if (event.type === 'act-end') files?.writeReply(event);
    },
    onDetail: rowListener.onDetail,
  });
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, isRehearsal, allowOutside, signal, stdin, onEvent, onDetail, callLimiter },
    includeThoughts: options.thoughts ?? false,
    // Nothing of a row is printed before its end, so its text can always be discarded.
    canDiscard: () => true,
    ...(files && { saveAudio: files.writeAudio, saveMedia: files.writeMedia }),
    unsavedMediaHint: getUnsavedMediaHint(persistence),
  });
  const report = await executor.execute(narrative, {
    ...{ stream, rowIdentity },
    ...(isFromEach(rowsRun.source) && {
      row: { number, values, folder, ...(file !== undefined && { file }), ...(absenceReasons && { absenceReasons }) },
    }),
  });
  return failReportIfThrows(report, () => files?.writeReport(report));
}

/**
 * The number of digits in folder names. It does not depend on the number of rows, so a folder keeps its name if rows
 * are added.
 */
const rowDigits = 6;
const combinationDigits = 4;

/**
 * Opens the folder of a task in `--out-dir`: `000007` with `--each`, `0002-model=b` with `--matrix`,
 * `000007-0002-model=b` with both flags.
 */
async function openTaskFiles(
  { row, combination }: RowTask,
  { outDir, each }: RunOptions,
): Promise<ReplyFiles | undefined> {
  if (outDir === undefined) return undefined;
  const parts = each === undefined ? [] : [String(row.number).padStart(rowDigits, '0')];
  if (combination) parts.push(String(combination.number).padStart(combinationDigits, '0'), combination.label);
  const toFileName = await loadFileNameConverter();
  return openReplyFiles(outDir, toFileName(parts.join('-')));
}
