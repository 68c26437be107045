import type { Settings } from '../config/settings.js';
import { systemClock } from '../driver/clock.js';
import { conforming } from '../driver/conforming.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { fallingBack } from '../driver/falling-back.js';
import { retrying } from '../driver/retrying.js';
import { cannotTake } from '../gemini/cannot-take.js';
import { checkFor } from '../narrative/json-schema.js';
import { metered } from '../quota/metered.js';
import { createRehearsalDriver } from '../rehearsal/rehearsal-driver.js';
import { answered } from '../store/answered.js';
import type { Keeping } from './keeping.js';
import { openQuota, type Quota, type QuotaOptions } from './open-quota.js';
import { reachableGemini } from './reachable-gemini.js';
import type { RunOptions } from './run.js';

export interface DriverStackOptions {
  options: RunOptions;
  settings: Settings;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
  /** What is kept of the run, and the state's database. */
  keeping: Pick<Keeping, 'state' | 'store' | 'mayReuse'>;
  /** Opens the quota, or hands out what another narrative of this process opened. Default: opens it. */
  quota?: (options: QuotaOptions) => Quota;
}

/**
 * The stack of drivers that a run asks, from the top down: what an earlier run was answered, JSON that conforms, another
 * model, again, within the quota, on the wire.
 */
export async function driverStack(given: DriverStackOptions): Promise<BoticelliDriver> {
  const { options, settings, keeping } = given;
  if (options.rehearse) return createRehearsalDriver();
  const gemini = reachableGemini(settings, {
    bounds: { timeoutMs: options.timeout, idleTimeoutMs: options.idleTimeout },
    withoutKey: ', or try it without one: --rehearse',
    preferLive: options.live,
  });
  const modelsFor = (named: readonly string[] | undefined) => fallbackModels(options, named ?? settings.fallback);
  const asking = conforming(
    { checkFor },
    fallingBack(
      { modelsFor, cannotTake },
      retrying(
        { retries: options.retries, clock: systemClock },
        options.rateLimit === false ? gemini : withinQuota(given, gemini),
      ),
    ),
  );
  const { store, mayReuse } = keeping;
  return store
    ? answered({ answers: store.answers, mayReuse, takesFallback: options.fallback !== false }, asking)
    : asking;
}

/** Flags beat what the act, the narrative or the settings name. */
function fallbackModels({ fallback }: RunOptions, named: readonly string[]): readonly string[] {
  return fallback === false ? [] : (fallback ?? named);
}

function withinQuota(
  { options, settings, warn, keeping: { state }, quota = openQuota }: DriverStackOptions,
  inner: BoticelliDriver,
): BoticelliDriver {
  const { limitsFor } = settings;
  const { book, gate, queue } = quota({ settings, state, warn });
  const clock = systemClock;
  return metered(
    { book, gate, queue, limitsFor, clock, ...(options.maxWait !== undefined && { maxWaitMs: options.maxWait }) },
    inner,
  );
}
