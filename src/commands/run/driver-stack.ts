import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { BudgetLedger } from '../../driver/layers/budget-ledger.js';
import { withFallback } from '../../driver/layers/with-fallback.js';
import { withJsonValidation } from '../../driver/layers/with-json-validation.js';
import { withRetries } from '../../driver/layers/with-retries.js';
import { getUnsupportedReason } from '../../gemini/models/unsupported-reason.js';
import { createSchemaValidator } from '../../narrative/schema/json-schema.js';
import { withQuota } from '../../quota/with-quota.js';
import { createRehearsalDriver } from '../../rehearsal/rehearsal-driver.js';
import { withReplyCache } from '../../store/replies/with-reply-cache.js';
import { openGemini } from '../resources/open-gemini.js';
import { type OpenQuotaOptions, openQuota, type RunQuota } from '../resources/open-quota.js';
import { createResponseModeCache } from '../resources/response-mode-cache.js';
import { withCostLimit } from './cost-limit.js';
import type { Persistence } from './persistence.js';
import type { RunOptions } from './run.js';

export interface DriverStackOptions {
  options: RunOptions;
  settings: Settings;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
  /** What is kept of the run, and the state's database. */
  persistence: Pick<Persistence, 'stateDatabase' | 'store' | 'canReuse'>;
  /** Opens the quota, or hands out what another narrative of this process opened. Default: opens it. */
  openQuota?: (options: OpenQuotaOptions) => Promise<RunQuota>;
  /** What `--max-cost` bounds, of other narratives of this process too. Default: this one's alone. */
  budgetLedger?: BudgetLedger;
}

/**
 * The stack of drivers that a run asks, from the top down: what an earlier run was answered, JSON that conforms, another
 * model, within the budget, again, within the quota, on the wire.
 */
export async function createDriverStack(stackOptions: DriverStackOptions): Promise<BoticelliDriver> {
  const { options, settings, persistence } = stackOptions;
  if (options.rehearse) return createRehearsalDriver();
  if (options.replay !== undefined) {
    const { createReplayDriver } = await import('../../store/recordings/replay-driver.js');
    return createReplayDriver(options.replay);
  }
  const quota = options.rateLimit === false ? undefined : await createQuota(stackOptions);
  const gemini = openGemini(settings, {
    timeouts: { timeoutMs: options.timeout, idleTimeoutMs: options.idleTimeout },
    missingKeyHint: ', or try it without one: --rehearse',
    preferLive: options.live,
    concurrencyLimiter: quota?.concurrencyLimiter,
    responseModeCache: createResponseModeCache(settings, persistence.stateDatabase),
  });
  const modelsFor = (configured: readonly string[] | undefined) =>
    fallbackModels(options, configured ?? settings.fallback);
  const driver = withJsonValidation(
    { compileSchema: createSchemaValidator },
    withFallback(
      { getFallbackModels: modelsFor, getUnsupportedReason },
      withCostLimit(
        stackOptions,
        withRetries({ retries: options.retries, clock: systemClock }, quota ? withQuota(quota, gemini) : gemini),
      ),
    ),
  );
  const { store, canReuse } = persistence;
  return store
    ? withReplyCache({ cache: store.replyCache, canReuse, acceptFallbackReplies: options.fallback !== false }, driver)
    : driver;
}

/** Flags beat what the act, the narrative or the settings name. */
function fallbackModels({ fallback }: RunOptions, configured: readonly string[]): readonly string[] {
  return fallback === false ? [] : (fallback ?? configured);
}

/** What requests are admitted by. The book is closed by who opened it, for others may be booking in it still. */
async function createQuota({
  options: { maxWait },
  settings,
  warn,
  persistence: { stateDatabase },
  openQuota: openSharedQuota = openQuota,
}: DriverStackOptions) {
  const { limiter, concurrencyLimiter, queue } = await openSharedQuota({
    settings,
    stateDatabase,
    clock: systemClock,
    warn,
    maxWaitMs: maxWait,
  });
  const { close: _, ...limiterWithoutClose } = limiter;
  const { limitsFor } = settings;
  return {
    limiter: limiterWithoutClose,
    concurrencyLimiter,
    queue,
    limitsFor,
    clock: systemClock,
    ...(maxWait !== undefined && { maxWaitMs: maxWait }),
  };
}
