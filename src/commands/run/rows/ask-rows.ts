import { addUsage, type Usage, zeroUsage } from '../../../driver/response.js';
import { BoticelliError, type ErrorCode, toBoticelliError } from '../../../errors.js';
import type { ActDetail } from '../../../executor/act-details.js';
import type { RunReport } from '../../../executor/narrative-events.js';
import { NarrativeExecutor } from '../../../executor/narrative-executor.js';
import { createScheduler } from '../../../executor/scheduler.js';
import { createRowResult } from '../../../rows/results/row-result.js';
import type { Row } from '../../../rows/row.js';
import { createRowIdentifier } from '../../../rows/row-instances.js';
import { countFailures } from '../../../terminal/progress/rows-progress.js';
import { formatInteger } from '../../../terminal/text/format.js';
import { createFailedReport, finishReport } from '../narrative-view.js';
import type { RunOptions, Shard } from '../options.js';
import { openReplyFiles } from '../out-dir.js';
import type { RowsRun } from './open-rows-run.js';
import { createRowOutput } from './row-output.js';
import type { RowsOutcome } from './rows-outcome.js';
import type { RowsView } from './rows-view.js';

interface AskRowsOptions {
  options: RunOptions;
  signal: AbortSignal;
  view: RowsView;
}

/** How many rows may be ahead of the oldest unfinished one, for each row in parallel. */
const rowsAheadPerJob = 16;

/** The default of `--jobs` with `--each`. */
const defaultJobs = 4;

/** Errors that every further row would have too: it is not asked. */
const stopCodes: ReadonlySet<ErrorCode> = new Set([
  ...(['quota_exhausted', 'budget_exceeded', 'rate_limited'] as const),
  ...(['auth', 'missing_api_key', 'invalid_config', 'model_not_found', 'output_failed'] as const),
]);

/** Runs the narrative for each row. Never rejects: the outcome has the reason if not all rows were asked. */
export async function askRows(run: RowsRun, context: AskRowsOptions): Promise<RowsOutcome> {
  const { options, signal, view } = context;
  const { source, results } = run;
  const jobs = options.jobs ?? defaultJobs;
  const scheduler = createScheduler({ maxConcurrent: jobs, maxAhead: jobs * rowsAheadPerJob });
  const state: RowsState = { usage: zeroUsage, lastStarted: 0, read: 0, output: undefined, first: undefined };
  if (!results) state.output = createRowOutput(options.output, view.stdout, options.only);
  // Nothing is stored in a rehearsal, so that its rows need no ids, which would be kept in memory.
  const identify = isStored(run, options) ? createRowIdentifier() : () => '';
  view.start(source.total === undefined ? undefined : countShard(source.total, options.shard));
  try {
    for await (const row of source.read()) {
      // Every row is identified, so that rows of other shards count among equal ones.
      const instance = { id: identify(row) };
      if (!isInShard(row.number, options.shard)) continue;
      if (results?.has(row)) {
        view.skipRow();
        state.read += 1;
        continue;
      }
      await scheduler.waitForSlot();
      if (signal.aborted || isStopped(state, context)) break;
      state.read += 1;
      state.lastStarted = row.number;
      state.output?.expect(row.number);
      scheduler.start(() => askRow(row, instance, run, state, context));
    }
  } catch (thrown) {
    if (!signal.aborted) state.stopError = toBoticelliError(thrown);
  }
  await scheduler.drain();
  closeFiles(run, state);
  return createOutcome(run, state, context);
}

function isStored({ persistence }: RowsRun, { record, replay }: RunOptions): boolean {
  return persistence.store !== undefined || record !== undefined || replay !== undefined;
}

/** What has happened so far. */
interface RowsState {
  usage: Usage;
  /** The number of the last row that was started. */
  lastStarted: number;
  /** How many rows were started or skipped. */
  read: number;
  output: ReturnType<typeof createRowOutput> | undefined;
  /** The failed row with the lowest number. */
  first: { number: number; failure: BoticelliError } | undefined;
  /** Why no further row is started. */
  stopError?: BoticelliError;
  stopReason?: string;
}

function isStopped(state: RowsState, { options, view }: AskRowsOptions): boolean {
  const { maxFailures } = options;
  if (maxFailures !== undefined && countFailures(view.counts) >= maxFailures)
    state.stopReason ??= `${maxFailures} ${maxFailures === 1 ? 'row' : 'rows'} failed (--max-failures)`;
  return state.stopReason !== undefined || state.stopError !== undefined;
}

async function askRow(row: Row, instance: { id: string }, run: RowsRun, state: RowsState, context: AskRowsOptions) {
  const { signal, view, options } = context;
  try {
    const report = await executeRow(row, instance, run, context).catch(createFailedReport);
    // A row that was interrupted has neither a reply nor an error of its own.
    if (report.status === 'interrupted' || (signal.aborted && report.failure)) return state.output?.skip(row.number);
    const { failure } = report;
    state.usage = addUsage(state.usage, report.usage);
    if (failure && (state.first === undefined || row.number < state.first.number))
      state.first = { number: row.number, failure };
    if (failure && stopCodes.has(failure.code)) state.stopReason ??= failure.message;
    view.endRow(row, run.source, report);
    const result = createRowResult(row, report, run.isJsonReply);
    run.results?.write(result);
    state.output?.add(row.number, result);
    if (failure) run.failed?.write(row);
    if (!options.quiet) await view.stdout.flush();
  } catch (thrown) {
    // The results can't be written. Rows in flight finish, because their replies are stored.
    state.stopError ??= toBoticelliError(thrown);
  }
}

/** The digits of the folder of a row. They do not depend on the number of rows, which may change. */
const folderDigits = 6;

async function executeRow(
  row: Row,
  instance: { id: string },
  run: RowsRun,
  { options, signal, view }: AskRowsOptions,
): Promise<RunReport> {
  const problem = row.problem ?? run.results?.explainMismatch(row);
  if (problem !== undefined)
    throw new BoticelliError('invalid_narrative', problem, { hint: 'Fix the row. It was not sent.' });
  const { number, values, folder, file } = row;
  const { narrative, driver, defaultModel, persistence, readStdin: stdin } = run;
  const { outDir, strict = false, rehearse: isRehearsal = false, allowOutside = false, stream = false } = options;
  const files =
    outDir === undefined ? undefined : await openReplyFiles(outDir, String(number).padStart(folderDigits, '0'));
  const show = view.createListener(row);
  const label = String(Object.values(values)[0] ?? '');
  const onEvent = persistence.wrapRowListener({ number, label, instance }, (event) => {
    show.onEvent(event);
    if (event.type === 'act-end') files?.writeReply(event);
  });
  const onDetail = (detail: ActDetail) => {
    void onEvent(detail);
    show.onDetail(detail);
  };
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, isRehearsal, allowOutside, signal, stdin, onEvent, onDetail },
    // Nothing of a row is printed before its end.
    canDiscard: () => true,
    ...(files && { saveAudio: (act, audio) => files.writeAudio(act, audio) }),
  });
  const report = await executor.execute(narrative, {
    ...{ stream, instance },
    row: { number, values, folder, ...(file !== undefined && { file }) },
  });
  return finishReport(report, () => files?.writeReport(report));
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

function createOutcome({ source }: RowsRun, state: RowsState, { signal, view }: AskRowsOptions): RowsOutcome {
  const { stopError, stopReason, first, usage, lastStarted } = state;
  const { counts } = view;
  const ended = counts.done + countFailures(counts);
  const notAsked = counts.total === undefined ? state.read - ended : counts.total - ended;
  const isCut = stopError !== undefined || stopReason !== undefined;
  if (isCut && !signal.aborted && notAsked > 0) view.warn(describeRest(source.total, lastStarted, stopReason));
  const isComplete = !signal.aborted && !stopError && !first;
  return {
    status: isComplete ? 'completed' : signal.aborted ? 'interrupted' : 'failed',
    ...{ usage, total: counts.total ?? state.read, done: counts.done, notAsked },
    ...(counts.costUsd !== undefined && { costUsd: counts.costUsd }),
    ...(stopError && { stopError }),
    ...(first && { firstFailure: first.failure }),
  };
}

function describeRest(total: number | undefined, lastStarted: number, reason: string | undefined): string {
  const suffix = reason === undefined ? '' : `: ${reason}`;
  const first = formatInteger(lastStarted + 1);
  if (total === undefined) return `rows from ${first} on were not asked${suffix}`;
  const last = formatInteger(total);
  return first === last ? `row ${last} was not asked${suffix}` : `rows ${first} to ${last} were not asked${suffix}`;
}

/** Whether a row belongs to the shard `k/n`: its number leaves the remainder k - 1 when divided by n. */
function isInShard(number: number, shard: Shard | undefined): boolean {
  return shard === undefined || number % shard.n === shard.k - 1;
}

function countShard(total: number, shard: Shard | undefined): number {
  if (!shard) return total;
  const { k, n } = shard;
  // The numbers from 1 to total that leave the remainder k - 1. The number 0, which leaves 0, is no row.
  return Math.floor((total - (k - 1) + n) / n) - (k === 1 ? 1 : 0);
}
