import { resolve } from 'node:path';
import type { CliProcess } from '../../cli/process.js';
import { reportDiagnostics } from '../../cli/report-diagnostics.js';
import { assertKnownVariables } from '../../cli/variables/assert-known-variables.js';
import type { GivenVariables } from '../../cli/variables/given-variables.js';
import type { Settings } from '../../config/settings.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import type { RunReport } from '../../executor/narrative-events.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { planActs } from '../../executor/plan-acts.js';
import { assertRowGiven } from '../../executor/row-values.js';
import { getErrorCode } from '../../narrative/invalid-narrative.js';
import { checkNarrative } from '../../narrative/load-narrative.js';
import { applyOverrides, type Narrative } from '../../narrative/narrative.js';
import type { Colors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { abortable } from '../../util/abortable.js';
import { assertActsExist, assertPricesKnown, assertThoughtsSupported } from './assert-flags.js';
import { assertMediaKept, getUnsavedMediaHint } from './media-outputs.js';
import { failReportIfThrows, type NarrativeView } from './narrative-view.js';
import { openDriverStack } from './open-driver-stack.js';
import type { RunOptions } from './options.js';
import { createPersistence, type Persistence } from './persistence.js';
import type { RunResources } from './shared-resources.js';

/** The result of a run. */
export interface NarrativeRun {
  report: RunReport;
  /** Whether a later run can reuse its replies. */
  isResumable: boolean;
  /** The names of all acts that were planned, in order. */
  actNames: readonly string[];
}

interface RunNarrativeFileOptions {
  /** A path, or `-`. */
  file: string;
  options: RunOptions;
  proc: CliProcess;
  /** The colours of standard error. */
  colors: Colors;
  signal: AbortSignal;
  view: NarrativeView;
  resources: RunResources;
}

/** Runs one narrative, from its file to its report. Never rejects: the report contains the failure. */
export async function runNarrativeFile(context: RunNarrativeFileOptions): Promise<NarrativeRun> {
  const { options, view, resources, signal } = context;
  const persistence = createPersistence(options, resources.openStateDatabase);
  const running = signal.aborted ? Promise.reject(signal.reason) : executeFile(context, persistence);
  const report = await view.finish(await running.catch(view.failBeforeStart));
  return { report, isResumable: persistence.isResumable, actNames: view.actNames };
}

async function executeFile(context: RunNarrativeFileOptions, persistence: Persistence): Promise<RunReport> {
  const { file, options, proc, view, resources, signal } = context;
  const { warn, canDiscard, saveAudio, saveMedia } = view;
  const { narrative, narrativeText } = await loadNarrativeForRun(await resources.readVariables(), context);
  // Without --each there are no row values, so this rejects a narrative that uses them.
  assertRowGiven(narrative, undefined);
  const planned = planActs(narrative);
  assertActsExist(options, planned);
  await view.prepare(planned);

  const settings = await resources.loadSettings(warn);
  assertOptionsFit(narrative, options, settings);
  const path = file === '-' ? undefined : resolve(proc.cwd(), file);
  const { values: vars } = await resources.readVariables();
  const runDetails = { settings, narrative: narrative.name, file: path, narrativeText, planned, vars, warn };
  // Opening may wait for a lock that another process holds. An interruption has to end this wait.
  await abortable(persistence.open(runDetails), signal);
  const { openQuota, budgetLedger, callLimiter } = resources;
  const stack = await openDriverStack({ options, settings, warn, persistence, openQuota, budgetLedger });
  // Creates the file, so it comes after everything else that can fail.
  const recording = await openRunRecording(options.record);
  const driver = recording ? recording.wrapDriver(stack) : stack;
  const { defaultModel } = settings;
  const { strict = false, rehearse: isRehearsal = false, allowOutside = false } = options;
  const { onEvent, onDetail } = persistence.wrapListener(view);
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, isRehearsal, allowOutside, canDiscard, saveAudio, saveMedia, signal },
    ...{ includesMediaData: options.output === 'ndjson', unsavedMediaHint: getUnsavedMediaHint(persistence) },
    ...{ includeThoughts: options.thoughts ?? false, callLimiter },
    ...{ onEvent, onDetail, stdin: () => resources.readStdin(warn) },
  });
  try {
    const report = await executor.execute(narrative, { stream: options.stream ?? false });
    return recording ? failReportIfThrows(report, recording.finish) : report;
  } finally {
    await driver.close?.();
    await Promise.race([persistence.store?.flush(), shortlyAfterAbort(signal)]);
  }
}

/**
 * Checks that the models of a narrative fit the options.
 * @throws BoticelliError `usage`, or `invalid_config` for a model without a price
 */
export function assertOptionsFit(narrative: Narrative, options: RunOptions, settings: Settings): void {
  assertPricesKnown(narrative, options, settings);
  assertThoughtsSupported(narrative, options, settings);
  assertMediaKept(narrative, options, settings);
}

/** Resolves a moment after the signal aborts, so that an interrupted run waits only briefly for a lock. */
export function shortlyAfterAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const resolveLater = () => setTimeout(resolve, 300).unref();
    if (signal.aborted) resolveLater();
    else signal.addEventListener('abort', resolveLater, { once: true });
  });
}

/** What `loadNarrativeForRun` needs. */
export interface LoadOptions extends Omit<RunNarrativeFileOptions, 'view'> {
  view: Pick<NarrativeView, 'warn' | 'printLines'>;
}

/**
 * Loads the narrative, prints its errors and warnings, and applies the options that override it.
 *
 * @param given the variables of the command line, with those of one combination of `--matrix`, if any
 * @param printsWarnings whether warnings are printed; errors always are
 * @throws BoticelliError `no_input`, `invalid_narrative`, or `usage` for an unknown variable
 */
export async function loadNarrativeForRun(given: GivenVariables, context: LoadOptions, printsWarnings = true) {
  const { file, options, proc, colors, view, resources, signal } = context;
  const { model, temperature, maxTokens, serviceTier } = options;
  const warn = printsWarnings ? view.warn : () => {};
  const content = await resources.readContent(file, view.warn);
  // Restricts the narrative to reading files of one folder. If undefined, the narrative may read any file.
  const confinement = await resources.findAllowedFolder();
  const loaded = await checkNarrative(content, { vars: given.values, confinement, signal });
  const { text, narrative, variables = new Set(), diagnostics } = loaded;
  if (printsWarnings || !narrative) reportDiagnostics(loaded, { proc, colors, printLines: view.printLines });
  if (!narrative) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    throw new BoticelliError(getErrorCode(diagnostics), `${loaded.file} has ${formatCount(errors, 'error')}`, {
      hint: 'Fix the errors above; nothing was sent.',
    });
  }
  assertKnownVariables(given, variables, warn);
  const overrides = {
    ...(model !== undefined && { model }),
    ...(serviceTier !== undefined && { serviceTiers: [serviceTier] }),
    parameters: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxTokens }) },
  };
  return { narrative: applyOverrides(narrative, overrides), narrativeText: text };
}

/**
 * Opens the file of `--record`. Returns undefined if there is no path, because `--record` is not given.
 * @throws BoticelliError `output_failed`, or `no_input` if the file is not a recording
 */
export async function openRunRecording(path: string | undefined) {
  if (path === undefined) return undefined;
  const [{ openRecording }, { withRecording }] = await Promise.all([
    import('../../store/recordings/recording-file.js'),
    import('../../store/recordings/with-recording.js'),
  ]);
  const file = openRecording(path);
  // Recording is the outermost layer, so that it records each request as the act made it.
  return { wrapDriver: (driver: BoticelliDriver) => withRecording(file, driver), finish: () => file.finish() };
}
