import type { Settings } from '../config/settings.js';
import { systemClock } from '../driver/clock.js';
import { conforming } from '../driver/conforming.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { fallingBack } from '../driver/falling-back.js';
import { retrying } from '../driver/retrying.js';
import { cannotTake } from '../gemini/cannot-take.js';
import { checkFor } from '../narrative/json-schema.js';
import { metered } from '../quota/metered.js';
import { createModelQueue } from '../quota/model-queue.js';
import { createRehearsalDriver } from '../rehearsal/rehearsal-driver.js';
import { answered } from '../store/answered.js';
import type { Keeping } from './keeping.js';
import { liveMemory } from './live-memory.js';
import { openQuota } from './open-quota.js';
import { reachableGemini } from './reachable-gemini.js';
import type { RunOptions } from './run.js';

export interface DriverStackOptions {
  options: RunOptions;
  settings: Settings;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
  /** What is kept of the run, and the state's database. */
  keeping: Pick<Keeping, 'state' | 'store' | 'mayReuse'>;
}

/**
 * The stack of drivers that a run asks, from the top down: what an earlier run was answered, JSON that conforms, another
 * model, again, within the quota, on the wire.
 */
export async function driverStack({ options, settings, warn, keeping }: DriverStackOptions): Promise<BoticelliDriver> {
  if (options.rehearse) return createRehearsalDriver();
  const quota = options.rateLimit === false ? undefined : await quotaOf({ options, settings, warn, keeping });
  const gemini = reachableGemini(settings, {
    bounds: { timeoutMs: options.timeout, idleTimeoutMs: options.idleTimeout },
    withoutKey: ', or try it without one: --rehearse',
    preferLive: options.live,
    gate: quota?.gate,
    memory: liveMemory(settings, keeping.state),
  });
  const modelsFor = (named: readonly string[] | undefined) => fallbackModels(options, named ?? settings.fallback);
  const asking = conforming(
    { checkFor },
    fallingBack(
      { modelsFor, cannotTake },
      retrying({ retries: options.retries, clock: systemClock }, quota ? metered(quota, gemini) : gemini),
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

/** The quota book, the gate to it and the queue before it; the gate is for Live sessions too. */
async function quotaOf({ options: { maxWait }, settings, warn, keeping: { state } }: DriverStackOptions) {
  const clock = systemClock;
  const { book, gate } = await openQuota({ settings, state, clock, warn, maxWaitMs: maxWait });
  const { limitsFor } = settings;
  const queue = createModelQueue({ limitsFor });
  return { book, gate, queue, limitsFor, clock, ...(maxWait !== undefined && { maxWaitMs: maxWait }) };
}
