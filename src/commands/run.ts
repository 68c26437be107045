import { resolve } from 'node:path';
import { asBoticelliError, BoticelliError } from '../errors.js';
import type { RunReport } from '../executor/event.js';
import { NarrativeExecutor } from '../executor/narrative-executor.js';
import { type PlannedAct, plannedActs } from '../executor/planned-acts.js';
import { orAborted } from '../gemini/attempt.js';
import { withOverrides } from '../narrative/with-overrides.js';
import { assertPriced } from './cost.js';
import { driverStack } from './driver-stack.js';
import { type Ending, endingOf } from './ending.js';
import type { Failure } from './failure.js';
import { assertResumable, goingOn } from './going-on.js';
import type { Host } from './host.js';
import { createKeeping, type Keeping } from './keeping.js';
import { readFaultless } from './read-faultless.js';
import { readSettings, type SettingsFlagOptions } from './read-settings.js';
import { assertRecordable, openRunRecording } from './record-run.js';
import { openScreen, type Screen } from './screen.js';
import { readStandardInput } from './standard-input.js';

/** The flags of `boticelli run`. Durations are in milliseconds. */
export interface RunOptions extends SettingsFlagOptions {
  model?: string;
  stream?: boolean;
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  temperature?: number;
  maxTokens?: number;
  output: 'text' | 'json' | 'ndjson';
  only?: string[];
  last?: boolean;
  outDir?: string;
  quiet?: boolean;
  verbose?: boolean;
  timeout: number;
  idleTimeout: number;
  retries: number;
  resume?: boolean;
  /** With `resume`: the act from which on everything is asked again. */
  from?: string;
  /** The file that every answer is kept in. */
  record?: string;
  /** The recording that answers. */
  replay?: string;
  rehearse?: boolean;
  /** Whether models that can do both are asked over the Live API. */
  live?: boolean;
  strict?: boolean;
  maxWait?: number;
  /** False is `--no-rate-limit`. */
  rateLimit?: boolean;
  /** The most that the run may cost, in US dollars. */
  maxCost?: number;
}

/**
 * `boticelli run`: plays a narrative. What happens on the way is told on the host's streams; how it failed, if it did,
 * is handed back.
 */
export async function run(file: string, options: RunOptions, host: Host): Promise<Failure | undefined> {
  const ending = endingOf(host);
  const keeping = createKeeping(options);
  try {
    const screen = await openScreen({ options, host, ending });
    const played = await play({ file, options, host, ending, screen, keeping }).catch(screen.failBeforeRun);
    const report = await screen.finish(played);
    // Standard output may have failed, or a signal come, after the last act had its reply.
    const error = ending.signal.aborted ? asBoticelliError(ending.signal.reason) : report.failure;
    const goOn = keeping.isResumable ? goingOn(host) : undefined;
    return error && { error, ...(report.error?.act !== undefined && { act: report.error.act }), ...(goOn && { goOn }) };
  } finally {
    ending.release();
  }
}

interface Playing {
  file: string;
  options: RunOptions;
  host: Host;
  ending: Ending;
  screen: Screen;
  keeping: Keeping;
}

async function play({ file, options, host, ending, screen, keeping }: Playing): Promise<RunReport> {
  const { model, temperature, maxTokens, strict = false, rehearse: rehearses = false } = options;
  assertResumable(options);
  assertRecordable(options);
  const { signal } = ending;
  const { narrative: read, text } = await readFaultless(file, { host, paint: screen.paint, vars: options.var, signal });
  const narrative = withOverrides(read, {
    ...(model !== undefined && { model }),
    parameters: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxTokens }) },
  });
  const planned = plannedActs(narrative);
  for (const name of options.only ?? []) assertPlays('--only', name, planned);
  if (options.from !== undefined) assertPlays('--from', options.from, planned);
  screen.expect(planned);

  await screen.prepare();
  const settings = await readSettings(options, host, screen.paint);
  assertPriced(narrative, options, settings);
  const { mayDiscard, keepAudio, warn } = screen;
  const path = file === '-' ? undefined : resolve(host.cwd(), file);
  // The state's database may be locked by another program, and waited for.
  await orAborted(keeping.open({ settings, narrative: narrative.name, file: path, text, warn }), signal);
  const recording = await openRunRecording(options);
  const driver = recording.over(await driverStack({ options, settings, warn, keeping }));
  const told = { onEvent: keeping.heardWith(screen.onEvent), mayDiscard, keepAudio };
  const { defaultModel } = settings;
  const stdin = () => readStandardInput(host, signal);
  const executor = new NarrativeExecutor({
    ...{ driver, defaultModel, strict, rehearses },
    ...{ ...told, signal, stdin },
  });
  try {
    const report = options.stream ? executor.executeWithProgress(narrative, () => {}) : executor.execute(narrative);
    return recording.finish(await report);
  } finally {
    await driver.close?.();
    await keeping.store?.settled();
  }
}

function assertPlays(flag: string, name: string, planned: readonly PlannedAct[]): void {
  if (planned.some(({ repliesOf }) => repliesOf.includes(name))) return;
  const names = [...new Set(planned.flatMap(({ repliesOf }) => repliesOf))].join(', ');
  throw new BoticelliError('usage', `${flag} ${name}: no act of that name plays`, { hint: `The acts are: ${names}.` });
}
