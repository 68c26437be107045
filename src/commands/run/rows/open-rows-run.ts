import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { CliProcess } from '../../../cli/process.js';
import type { BoticelliDriver } from '../../../driver/driver.js';
import { toBoticelliError } from '../../../errors.js';
import type { NarrativeStart } from '../../../executor/narrative-events.js';
import { planActs } from '../../../executor/plan-acts.js';
import { assertRowGiven } from '../../../executor/row-values.js';
import { createRunId } from '../../../executor/run-id.js';
import type { CallLimiter } from '../../../executor/scheduler.js';
import { getNestedNarrative, type Narrative } from '../../../narrative/narrative.js';
import { formatAxes, type MatrixAxis } from '../../../rows/matrix.js';
import { openRows } from '../../../rows/open-rows.js';
import { type FailedFile, openFailedFile } from '../../../rows/results/failed-file.js';
import type { ColumnOptions } from '../../../rows/results/result-format.js';
import { openResultsFile, type ResultsFile } from '../../../rows/results/results-file.js';
import type { RowSource } from '../../../rows/row.js';
import { createRowIdCheck } from '../../../rows/row-ids.js';
import { createSingleEmptyRowSource } from '../../../rows/sources/single-empty-row-source.js';
import { abortable } from '../../../util/abortable.js';
import { assertColumnsExist } from '../../resources/assert-columns.js';
import { assertActsExist } from '../assert-flags.js';
import { openDriverStack } from '../open-driver-stack.js';
import type { RunOptions } from '../options.js';
import { createPersistence, type Persistence } from '../persistence.js';
import { assertOptionsFit, openRunRecording } from '../run-narrative-file.js';
import type { RunResources } from '../shared-resources.js';
import { assertDifferentFiles, assertStdinFree } from './check-rows.js';
import { loadNarrativeVariants, type NarrativeVariant } from './load-narrative-variants.js';
import { parseMatrix } from './parse-matrix.js';
import type { RowsOutcome } from './rows-outcome.js';
import type { RowsView } from './rows-view.js';

/** Everything that the rows of a command share. */
export interface RowsRun {
  /** The name of the narrative. */
  name: string;
  /** The narrative as each combination of `--matrix` changes it; without `--matrix`, only the narrative as it is. */
  narrativeVariants: readonly NarrativeVariant[];
  /** Whether the last act has `format = "json"`. */
  isJsonReply: boolean;
  source: RowSource;
  results: ResultsFile | undefined;
  failed: FailedFile | undefined;
  driver: BoticelliDriver;
  defaultModel: string;
  persistence: Persistence;
  readStdin: () => Promise<string>;
  /** The maximum number of tasks in parallel. A task runs the narrative for one row and combination. */
  jobs: number;
  /** Limits the calls in flight, over all tasks. */
  callLimiter: CallLimiter | undefined;
  /**
   * Closes the driver, ends the recording of `--record`, and stores in the history how the run ended. Returns the
   * outcome, with the error if closing fails.
   */
  close(outcome: RowsOutcome): Promise<RowsOutcome>;
}

/** What `openRowsRun` needs: the narrative's file, and what the command has opened. */
export interface OpenRowsRunOptions {
  file: string;
  options: RunOptions;
  proc: CliProcess;
  signal: AbortSignal;
  view: RowsView;
  resources: RunResources;
}

/**
 * Opens and checks everything, before the first request.
 * @throws BoticelliError if the narrative, its rows, an option or an output file can't be used
 */
export async function openRowsRun(context: OpenRowsRunOptions): Promise<RowsRun> {
  const { file, options, proc, signal, view, resources } = context;
  const { warn, colors } = view;
  const axes = parseMatrix(options);
  const loadOptions = { file, options, proc, colors, view, resources, signal };
  const { narrativeText, narrativeVariants } = await loadNarrativeVariants(axes, loadOptions);
  const [{ narrative }] = narrativeVariants;
  const planned = planActs(narrative);
  assertActsExist(options, planned);
  const actNames = planned.map(({ name }) => name);
  const source = await openSource(narrative, context);
  const { results, failed } = await openFiles(source, { actNames, matrixKeys: axes.map(({ key }) => key) }, context);
  const settings = await resources.loadSettings(warn);
  for (const variant of narrativeVariants) assertOptionsFit(variant.narrative, options, settings);
  const persistence = createPersistence(options, resources.openStateDatabase);
  const isRowOfThisCommand = await createCommandRowCheck(source, narrativeVariants, options);
  const path = file === '-' ? undefined : resolve(proc.cwd(), file);
  const fileDetails = { narrative: narrative.name, file: path, narrativeText };
  const runDetails = { ...fileDetails, settings, planned, isRowOfThisCommand, warn };
  // Opening may wait for a lock that another process holds. An interruption has to end this wait.
  await abortable(persistence.open({ ...runDetails, vars: (await resources.readVariables()).values }), signal);
  const { openQuota, budgetLedger, jobs, callLimiter } = resources;
  const stackOptions = { options, settings, warn, persistence, openQuota, budgetLedger, isRowOfThisCommand };
  const stack = await openDriverStack(stackOptions);
  // Creates the file, so it comes after everything else that can fail.
  const recording = await openRunRecording(options.record);
  const driver = recording ? recording.wrapDriver(stack) : stack;
  const matrix = axes.length > 0 ? toStoredMatrix(axes) : undefined;
  const total = source.total === undefined ? undefined : source.total * narrativeVariants.length;
  const storeEnd = storeStart(persistence, { narrative: narrative.name, acts: actNames }, { source, total, matrix });
  return {
    ...{ name: narrative.name, narrativeVariants, isJsonReply: isJsonReply(narrative), source, results, failed },
    ...{ driver, persistence, defaultModel: settings.defaultModel, jobs, callLimiter },
    readStdin: () => resources.readStdin(warn),
    async close(outcome) {
      const closed = await closeOutputs(driver, recording).then(
        () => outcome,
        (thrown) => addCloseError(outcome, thrown),
      );
      await storeEnd(closed);
      await persistence.store?.flush();
      return closed;
    },
  };
}

async function closeOutputs(driver: BoticelliDriver, recording: Awaited<ReturnType<typeof openRunRecording>>) {
  try {
    await driver.close?.();
  } finally {
    recording?.finish();
  }
}

/** Adds the error of a failed close as the `stopError`, unless the outcome already has a `stopError`. */
function addCloseError(outcome: RowsOutcome, thrown: unknown): RowsOutcome {
  const status = outcome.status === 'interrupted' ? 'interrupted' : 'failed';
  return { stopError: toBoticelliError(thrown), ...outcome, status };
}

interface OriginDetails {
  source: RowSource;
  total: number | undefined;
  matrix: ReturnType<typeof toStoredMatrix> | undefined;
}

/** Adds the run to the history. Returns a function that stores how the run ended. */
function storeStart(
  persistence: Persistence,
  startFields: Pick<NarrativeStart, 'narrative' | 'acts'>,
  { source, total, matrix }: OriginDetails,
): (outcome: RowsOutcome) => Promise<void> {
  const startedAt = Date.now();
  const run = createRunId(startedAt);
  const origin = { source: source.name, total, ...(matrix && { matrix }) };
  persistence.startHistoryEntry({ type: 'narrative-start', run, ...startFields }, origin);
  return async ({ status, usage, costUsd, ...totals }) => {
    const end = { run, status, usage, durationMs: Date.now() - startedAt };
    const cost = costUsd === undefined ? {} : { costUsd };
    await persistence.endHistoryEntry({ type: 'narrative-end', ...end, ...cost }, totals);
  };
}

function toStoredMatrix(axes: readonly MatrixAxis[]) {
  return { label: formatAxes(axes), values: Object.fromEntries(axes.map(({ key, values }) => [key, values])) };
}

async function openSource(narrative: Narrative, { file, options, proc, signal, view }: OpenRowsRunOptions) {
  const { each } = options;
  if (each === undefined) {
    // Without --each there are no row values, so this rejects a narrative that uses them.
    assertRowGiven(narrative, undefined);
    return createSingleEmptyRowSource(proc.cwd());
  }
  assertStdinFree(narrative, each);
  const stdin = each === '-' ? addAbortSignal(signal, proc.stdin) : proc.stdin;
  const source = await openRows(each, { cwd: proc.cwd(), stdin });
  for (const warning of source.warnings) view.warn(warning);
  if (source.total === 0) view.warn(`${source.name} has no rows`);
  assertColumnsExist(narrative, source, file);
  return source;
}

async function openFiles(source: RowSource, columns: ColumnOptions, { file, options, proc }: OpenRowsRunOptions) {
  const { results, failed, resume = false } = options;
  const toPath = (name: string | undefined) => (name === undefined ? undefined : resolve(proc.cwd(), name));
  const narrativePath = file === '-' ? undefined : toPath(file);
  assertDifferentFiles([
    ['the narrative', narrativePath],
    ['--each', source.path],
    ['--results', toPath(results)],
    ['--failed', toPath(failed)],
  ]);
  return {
    results: results === undefined ? undefined : await openResultsFile({ path: results, source, ...columns, resume }),
    failed: failed === undefined ? undefined : await openFailedFile(failed, source, resume),
  };
}

/**
 * Creates a function that says whether an id belongs to a row of this command. A row without a stored reply may reuse a
 * reply stored under an id that belongs to no row of the command. Returns undefined if no reply is reused, or if the
 * rows can't be read twice, because they come from standard input.
 */
function createCommandRowCheck(
  source: RowSource,
  narrativeVariants: readonly NarrativeVariant[],
  { resume, replay }: RunOptions,
) {
  if ((!resume && replay === undefined) || source.total === undefined) return undefined;
  return createRowIdCheck(
    source.read(),
    narrativeVariants.map(({ combination }) => combination),
  );
}

function isJsonReply({ acts }: Narrative): boolean {
  const act = acts.at(-1);
  if (!act) return false;
  const nested = getNestedNarrative(act);
  return nested ? isJsonReply(nested) : act.parameters.format === 'json';
}
