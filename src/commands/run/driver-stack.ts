import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { Spending } from '../../driver/layers/budget-ledger.js';
import { fallingBack } from '../../driver/layers/with-fallback.js';
import { conforming } from '../../driver/layers/with-json-validation.js';
import { retrying } from '../../driver/layers/with-retries.js';
import { cannotTake } from '../../gemini/models/unsupported-request.js';
import { checkFor } from '../../narrative/schema/json-schema.js';
import { metered } from '../../quota/with-quota.js';
import { createRehearsalDriver } from '../../rehearsal/rehearsal-driver.js';
import { answered } from '../../store/replies/with-reply-cache.js';
import { liveMemory } from '../resources/live-mode-cache.js';
import { reachableGemini } from '../resources/open-gemini.js';
import { openQuota, type QuotaOptions, type RunQuota } from '../resources/open-quota.js';
import { atKnownCost } from './cost-limit.js';
import type { Keeping } from './persistence.js';
import type { RunOptions } from './run.js';

export interface DriverStackOptions {
  options: RunOptions;
  settings: Settings;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
  /** What is kept of the run, and the state's database. */
  keeping: Pick<Keeping, 'state' | 'store' | 'mayReuse'>;
  /** Opens the quota, or hands out what another narrative of this process opened. Default: opens it. */
  quota?: (options: QuotaOptions) => Promise<RunQuota>;
  /** What `--max-cost` bounds, of other narratives of this process too. Default: this one's alone. */
  spending?: Spending;
}

/**
 * The stack of drivers that a run asks, from the top down: what an earlier run was answered, JSON that conforms, another
 * model, within the budget, again, within the quota, on the wire.
 */
export async function driverStack(given: DriverStackOptions): Promise<BoticelliDriver> {
  const { options, settings, keeping } = given;
  if (options.rehearse) return createRehearsalDriver();
  if (options.replay !== undefined) {
    const { createReplayDriver } = await import('../../store/recordings/replay-driver.js');
    return createReplayDriver(options.replay);
  }
  const quota = options.rateLimit === false ? undefined : await quotaOf(given);
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
      atKnownCost(
        given,
        retrying({ retries: options.retries, clock: systemClock }, quota ? metered(quota, gemini) : gemini),
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

/** What requests are admitted by. The book is closed by who opened it, for others may be booking in it still. */
async function quotaOf({
  options: { maxWait },
  settings,
  warn,
  keeping: { state },
  quota = openQuota,
}: DriverStackOptions) {
  const { book, gate, queue } = await quota({ settings, state, clock: systemClock, warn, maxWaitMs: maxWait });
  const { close: _, ...open } = book;
  const { limitsFor } = settings;
  return {
    book: open,
    gate,
    queue,
    limitsFor,
    clock: systemClock,
    ...(maxWait !== undefined && { maxWaitMs: maxWait }),
  };
}
