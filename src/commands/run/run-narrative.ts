import { resolve } from 'node:path';
import type { Host } from '../../cli/process.js';
import { BoticelliError } from '../../errors.js';
import type { RunReport } from '../../executor/event.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { type PlannedAct, plannedActs } from '../../executor/planned-acts.js';
import { orAborted } from '../../gemini/rest/request-timeouts.js';
import type { Narrative } from '../../narrative/narrative.js';
import { withOverrides } from '../../narrative/with-overrides.js';
import type { Paint } from '../../terminal/text/colors.js';
import { assertPriced } from './cost-limit.js';
import { driverStack } from './driver-stack.js';
import { readFaultless } from './load-or-fail.js';
import type { ScreenPart } from './narrative-view.js';
import { createKeeping, type Keeping } from './persistence.js';
import { openRunRecording } from './recording.js';
import type { RunOptions } from './run.js';
import type { Shared } from './shared-resources.js';

/** A run that is over. */
export interface Ran {
  report: RunReport;
  /** Whether another run could take replies from it. */
  isResumable: boolean;
}

export interface RunNarrativeOptions {
  /** A path, or `-`. */
  file: string;
  options: RunOptions;
  host: Host;
  /** The colours of standard error. */
  paint: Paint;
  signal: AbortSignal;
  /** Where it shows itself. */
  screen: ScreenPart;
  shared: Shared;
}

/** Runs one narrative, from its file to the last word of its report. Never rejects: how it failed is in the report. */
export async function runNarrative(given: RunNarrativeOptions): Promise<Ran> {
  const { options, screen, shared, signal } = given;
  const keeping = createKeeping(options, shared.state);
  const played = signal.aborted ? Promise.reject(signal.reason) : play(given, keeping);
  const report = await screen.finish(await played.catch(screen.failBeforeRun));
  return { report, isResumable: keeping.isResumable };
}

async function play(given: RunNarrativeOptions, keeping: Keeping): Promise<RunReport> {
  const { file, options, host, paint, screen, shared, signal } = given;
  const { say, warn, mayDiscard, keepAudio } = screen;
  const { narrative: read, text } = await readFaultless(file, { host, paint, say, signal, vars: options.var });
  const narrative = overridden(read, options);
  const planned = plannedActs(narrative);
  for (const name of options.only ?? []) assertPlays('--only', name, planned);
  if (options.from !== undefined) assertPlays('--from', options.from, planned);
  screen.expect(planned);

  await screen.prepare();
  const settings = await shared.settings();
  assertPriced(narrative, options, settings);
  const path = file === '-' ? undefined : resolve(host.cwd(), file);
  // The state's database may be locked by another program, and waited for.
  await orAborted(keeping.open({ settings, narrative: narrative.name, file: path, text, warn }), signal);
  const recording = await openRunRecording(options);
  const { quota, spending } = shared;
  const driver = recording.over(await driverStack({ options, settings, warn, keeping, quota, spending }));
  const { defaultModel } = settings;
  const { strict = false, rehearse: rehearses = false } = options;
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, rehearses, mayDiscard, keepAudio, signal },
    ...{ onEvent: keeping.heardWith(screen.onEvent), stdin: () => shared.stdin(warn) },
  });
  try {
    const report = options.stream ? executor.executeWithProgress(narrative, () => {}) : executor.execute(narrative);
    return recording.finish(await report);
  } finally {
    await driver.close?.();
    await Promise.race([keeping.store?.settled(), soonAfter(signal)]);
  }
}

/** Resolves a moment after the signal has aborted: whoever ends a run does not wait for a lock that another program holds. */
function soonAfter(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const later = () => setTimeout(resolve, 300).unref();
    if (signal.aborted) later();
    else signal.addEventListener('abort', later, { once: true });
  });
}

function overridden(narrative: Narrative, { model, temperature, maxTokens }: RunOptions): Narrative {
  return withOverrides(narrative, {
    ...(model !== undefined && { model }),
    parameters: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxTokens }) },
  });
}

function assertPlays(flag: string, name: string, planned: readonly PlannedAct[]): void {
  if (planned.some(({ repliesOf }) => repliesOf.includes(name))) return;
  const names = [...new Set(planned.flatMap(({ repliesOf }) => repliesOf))].join(', ');
  throw new BoticelliError('usage', `${flag} ${name}: no act of that name plays`, { hint: `The acts are: ${names}.` });
}
