import { resolve } from 'node:path';
import type { CliProcess } from '../../cli/process.js';
import type { RunReport } from '../../executor/narrative-events.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { planActs } from '../../executor/plan-acts.js';
import type { Narrative } from '../../narrative/narrative.js';
import { applyOverrides } from '../../narrative/narrative.js';
import type { Colors } from '../../terminal/text/colors.js';
import { abortable } from '../../util/abortable.js';
import { assertActsExist, assertPricesKnown } from './assert-flags.js';
import { loadValidNarrative } from './load-valid-narrative.js';
import type { NarrativeView } from './narrative-view.js';
import { openDriverStack } from './open-driver-stack.js';
import { openRunRecording } from './open-run-recording.js';
import type { RunOptions } from './options.js';
import { createPersistence, type Persistence } from './persistence.js';
import type { RunResources } from './shared-resources.js';

/** The result of a run. */
export interface NarrativeRun {
  report: RunReport;
  /** Whether a later run can reuse its replies. */
  isResumable: boolean;
}

export interface RunNarrativeFileOptions {
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
  return { report, isResumable: persistence.isResumable };
}

async function executeFile(context: RunNarrativeFileOptions, persistence: Persistence): Promise<RunReport> {
  const { file, options, proc, colors, view, resources, signal } = context;
  const { printLines, warn, canDiscard, saveAudio } = view;
  const { narrative: loaded, text } = await loadValidNarrative(file, {
    proc,
    colors,
    printLines,
    signal,
    vars: options.var,
  });
  const narrative = applyRunOptions(loaded, options);
  const planned = planActs(narrative);
  assertActsExist(options, planned);
  view.setPlannedActs(planned);

  await view.openOutDir();
  const settings = await resources.loadSettings();
  assertPricesKnown(narrative, options, settings);
  const path = file === '-' ? undefined : resolve(proc.cwd(), file);
  // Another process may have locked the state database.
  await abortable(persistence.open({ settings, narrative: narrative.name, file: path, text, warn }), signal);
  const recording = await openRunRecording(options);
  const { openQuota, budgetLedger } = resources;
  const driver = recording.wrapDriver(
    await openDriverStack({ options, settings, warn, persistence, openQuota, budgetLedger }),
  );
  const { defaultModel } = settings;
  const { strict = false, rehearse: isRehearsal = false } = options;
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, isRehearsal, canDiscard, saveAudio, signal },
    ...{ onEvent: persistence.wrapListener(view.onEvent), stdin: () => resources.readStdin(warn) },
  });
  try {
    return recording.finish(await executor.execute(narrative, { stream: options.stream ?? false }));
  } finally {
    await driver.close?.();
    await Promise.race([persistence.store?.flush(), shortlyAfterAbort(signal)]);
  }
}

/** Resolves a moment after the signal aborts, so that an interrupted run does not wait for a lock of another process. */
function shortlyAfterAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const resolveLater = () => setTimeout(resolve, 300).unref();
    if (signal.aborted) resolveLater();
    else signal.addEventListener('abort', resolveLater, { once: true });
  });
}

function applyRunOptions(narrative: Narrative, { model, temperature, maxTokens }: RunOptions): Narrative {
  return applyOverrides(narrative, {
    ...(model !== undefined && { model }),
    parameters: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxTokens }) },
  });
}
