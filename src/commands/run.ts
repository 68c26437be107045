import { asBoticelliError, BoticelliError } from '../errors.js';
import type { RunReport } from '../executor/event.js';
import { NarrativeExecutor } from '../executor/narrative-executor.js';
import { orAborted } from '../gemini/attempt.js';
import { withOverrides } from '../narrative/with-overrides.js';
import { driverStack } from './driver-stack.js';
import { type Ending, endingOf } from './ending.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { readFaultless } from './read-faultless.js';
import { readSettings, type SettingsFlagOptions } from './read-settings.js';
import { openScreen, type Screen } from './screen.js';

/** The flags of `boticelli run`. Durations are in milliseconds. */
export interface RunOptions extends SettingsFlagOptions {
  model?: string;
  stream?: boolean;
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
  rehearse?: boolean;
  strict?: boolean;
  maxWait?: number;
  /** False is `--no-rate-limit`. */
  rateLimit?: boolean;
}

/**
 * `boticelli run`: plays a narrative. What happens on the way is told on the host's streams; how it failed, if it did,
 * is handed back.
 */
export async function run(file: string, options: RunOptions, host: Host): Promise<Failure | undefined> {
  const ending = endingOf(host);
  try {
    const screen = await openScreen({ options, host, ending });
    const played = await play({ file, options, host, ending, screen }).catch(screen.failBeforeRun);
    const report = await screen.finish(played);
    // Standard output may have failed, or a signal come, after the last act had its reply.
    const error = ending.signal.aborted ? asBoticelliError(ending.signal.reason) : report.failure;
    return error && { error, ...(report.error?.act !== undefined && { act: report.error.act }) };
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
}

async function play({ file, options, host, ending, screen }: Playing): Promise<RunReport> {
  const { model, temperature, maxTokens, strict = false } = options;
  const read = await readFaultless(file, host, { paint: screen.paint, signal: ending.signal });
  const narrative = withOverrides(read, {
    ...(model !== undefined && { model }),
    parameters: { ...(temperature !== undefined && { temperature }), ...(maxTokens !== undefined && { maxTokens }) },
  });
  for (const name of options.only ?? []) assertPlays(name, narrative.acts);

  await screen.prepare();
  const settings = await readSettings(options, host, screen.paint);
  const { onEvent, mayDiscard, warn } = screen;
  // The state's database may be locked by another program, and waited for.
  const driver = await orAborted(driverStack({ options, settings, warn }), ending.signal);
  const { defaultModel } = settings;
  const executor = new NarrativeExecutor({ driver, defaultModel, onEvent, mayDiscard, strict, signal: ending.signal });
  try {
    return await (options.stream ? executor.executeWithProgress(narrative, () => {}) : executor.execute(narrative));
  } finally {
    await driver.close?.();
  }
}

function assertPlays(name: string, acts: readonly { name: string }[]): void {
  if (acts.some((act) => act.name === name)) return;
  const names = [...new Set(acts.map((act) => act.name))].join(', ');
  throw new BoticelliError('usage', `--only ${name}: no act of that name plays`, { hint: `The acts are: ${names}.` });
}
