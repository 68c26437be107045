import { resolve } from 'node:path';
import type { CliProcess } from '../../cli/process.js';
import { BoticelliError } from '../../errors.js';
import type { RunReport } from '../../executor/narrative-events.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { type PlannedAct, planActs } from '../../executor/plan-acts.js';
import { applyOverrides } from '../../narrative/apply-overrides.js';
import type { Narrative } from '../../narrative/narrative.js';
import type { Colors } from '../../terminal/text/colors.js';
import { abortable } from '../../util/abortable.js';
import { assertPricesKnown } from './cost-limit.js';
import { createDriverStack } from './driver-stack.js';
import { loadValidNarrative } from './load-valid-narrative.js';
import type { NarrativeView } from './narrative-view.js';
import { createPersistence, type Persistence } from './persistence.js';
import { openRunRecording } from './recording.js';
import type { RunOptions } from './run.js';
import type { RunResources } from './shared-resources.js';

/** A run that is over. */
export interface NarrativeRun {
  report: RunReport;
  /** Whether another run could take replies from it. */
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
  /** Where it shows itself. */
  view: NarrativeView;
  resources: RunResources;
}

/** Runs one narrative, from its file to the last word of its report. Never rejects: how it failed is in the report. */
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
  for (const name of options.only ?? []) assertActExists('--only', name, planned);
  if (options.from !== undefined) assertActExists('--from', options.from, planned);
  view.setPlannedActs(planned);

  await view.openOutDir();
  const settings = await resources.loadSettings();
  assertPricesKnown(narrative, options, settings);
  const path = file === '-' ? undefined : resolve(proc.cwd(), file);
  // The state's database may be locked by another program, and waited for.
  await abortable(persistence.open({ settings, narrative: narrative.name, file: path, text, warn }), signal);
  const recording = await openRunRecording(options);
  const { openQuota, budgetLedger } = resources;
  const driver = recording.wrapDriver(
    await createDriverStack({ options, settings, warn, persistence, openQuota, budgetLedger }),
  );
  const { defaultModel } = settings;
  const { strict = false, rehearse: rehearses = false } = options;
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, isRehearsal: rehearses, canDiscard, saveAudio, signal },
    ...{ onEvent: persistence.wrapListener(view.onEvent), stdin: () => resources.readStdin(warn) },
  });
  try {
    const report = options.stream ? executor.executeWithProgress(narrative, () => {}) : executor.execute(narrative);
    return recording.finish(await report);
  } finally {
    await driver.close?.();
    await Promise.race([persistence.store?.flush(), shortlyAfterAbort(signal)]);
  }
}

/** Resolves a moment after the signal has aborted: whoever ends a run does not wait for a lock that another program holds. */
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

function assertActExists(flag: string, name: string, planned: readonly PlannedAct[]): void {
  if (planned.some(({ actNames }) => actNames.includes(name))) return;
  const names = [...new Set(planned.flatMap(({ actNames }) => actNames))].join(', ');
  throw new BoticelliError('usage', `${flag} ${name}: no act of that name plays`, { hint: `The acts are: ${names}.` });
}
