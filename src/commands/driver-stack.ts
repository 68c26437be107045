import type { Settings } from '../config/settings.js';
import { systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { fallingBack } from '../driver/falling-back.js';
import { retrying } from '../driver/retrying.js';
import { cannotTake } from '../gemini/cannot-take.js';
import { metered } from '../quota/metered.js';
import { createModelQueue } from '../quota/model-queue.js';
import { createRehearsalDriver } from '../rehearsal/rehearsal-driver.js';
import { openQuota } from './open-quota.js';
import { reachableGemini } from './reachable-gemini.js';
import type { RunOptions } from './run.js';

export interface DriverStackOptions {
  options: RunOptions;
  settings: Settings;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
}

/** The stack of drivers that a run asks, from the top down: another model, again, within the quota, on the wire. */
export async function driverStack({ options, settings, warn }: DriverStackOptions): Promise<BoticelliDriver> {
  if (options.rehearse) return createRehearsalDriver();
  const gemini = reachableGemini(settings, {
    bounds: { timeoutMs: options.timeout, idleTimeoutMs: options.idleTimeout },
    withoutKey: ', or try it without one: --rehearse',
  });
  const modelsFor = (named: readonly string[] | undefined) => fallbackModels(options, named ?? settings.fallback);
  return fallingBack(
    { modelsFor, cannotTake },
    retrying(
      { retries: options.retries, clock: systemClock },
      options.rateLimit === false ? gemini : await withinQuota({ options, settings, warn }, gemini),
    ),
  );
}

/** Flags beat what the act, the narrative or the settings name. */
function fallbackModels({ fallback }: RunOptions, named: readonly string[]): readonly string[] {
  return fallback === false ? [] : (fallback ?? named);
}

async function withinQuota(
  { options, settings, warn }: DriverStackOptions,
  inner: BoticelliDriver,
): Promise<BoticelliDriver> {
  const clock = systemClock;
  const { book, gate } = await openQuota({ settings, clock, warn });
  const { limitsFor } = settings;
  const queue = createModelQueue({ limitsFor });
  return metered(
    { book, gate, queue, limitsFor, clock, ...(options.maxWait !== undefined && { maxWaitMs: options.maxWait }) },
    inner,
  );
}
