import type { Settings } from '../../config/settings.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { BudgetLedger } from '../../driver/layers/budget-ledger.js';
import { withExpectations } from '../../driver/layers/with-expectations.js';
import type { QuotaOptions } from '../../quota/with-quota.js';
import { createRehearsalDriver } from '../../rehearsal/rehearsal-driver.js';
import { createDriverStack, maxCheckMs } from '../../stack/driver-stack.js';
import { createGeminiOptions } from '../resources/gemini-options.js';
import { createLiveModeCache } from '../resources/live-mode-cache.js';
import { type OpenQuotaOptions, openQuota, type RunQuota } from '../resources/open-quota.js';
import type { RunOptions } from './options.js';
import type { Persistence } from './persistence.js';

interface OpenDriverStackOptions {
  options: RunOptions;
  settings: Settings;
  warn: (text: string) => void;
  persistence: Pick<Persistence, 'stateDatabase' | 'store' | 'canReuse' | 'assertStoreWorks'>;
  /** Opens the quota store, or returns one that is already open for another narrative. Default: opens it. */
  openQuota?: (options: OpenQuotaOptions) => Promise<RunQuota>;
  /**
   * With `--each` or `--matrix`: whether a row of this command has this id. An edited row has a new id, and its reply
   * is recorded under the old id. No row of this command has the old id. So a row without a recorded reply may use the
   * reply to an equal request, if no row of this command has the id of that reply.
   */
  isRowOfThisCommand?: ((rowId: string) => boolean) | undefined;
  /** Shares `--max-cost` with other narratives. Default: `--max-cost` applies to this narrative only. */
  budgetLedger?: BudgetLedger;
}

/** Opens the driver of a rehearsal, of a replay, or of any other run. @throws BoticelliError `missing_api_key` */
export async function openDriverStack(stackOptions: OpenDriverStackOptions): Promise<BoticelliDriver> {
  const { options, settings, persistence, budgetLedger, isRowOfThisCommand } = stackOptions;
  if (options.rehearse) return createRehearsalDriver();
  if (options.replay !== undefined) {
    const { createReplayDriver } = await import('../../store/recordings/replay-driver.js');
    const replay = createReplayDriver(options.replay, { isRowOfThisCommand });
    return withExpectations(
      { checkTimeoutMs: Math.min(options.timeout ?? maxCheckMs, maxCheckMs), canRepeat: false },
      replay,
    );
  }
  const { retries, fallback, maxCost, timeout: timeoutMs, idleTimeout: idleTimeoutMs } = options;
  const { store, canReuse, assertStoreWorks, stateDatabase } = persistence;
  const quota = options.rateLimit === false ? false : await openRunQuota(stackOptions);
  return createDriverStack({
    gemini: createGeminiOptions(settings, {
      timeouts: { idleTimeoutMs, ...(timeoutMs !== undefined && { timeoutMs }) },
      missingKeyHintSuffix: ', or use --rehearse, which needs no key',
      preferLive: options.live,
      // Remembers how Live models take prompts and send replies.
      liveModeCache: createLiveModeCache(settings, stateDatabase),
    }),
    ...{ quota, retries, prices: settings.prices },
    // A flag takes precedence over the act and the settings.
    getFallbackModels: (actFallback) => (fallback === false ? [] : (fallback ?? actFallback ?? settings.fallback)),
    ...(maxCost !== undefined && { maxCostUsd: maxCost }),
    ...(budgetLedger && { budgetLedger }),
    ...(store && {
      replies: {
        ...{ cache: store.replyCache, canReuse, acceptFallbackReplies: fallback !== false },
        beforeSend: assertStoreWorks,
      },
    }),
  });
}

/** Returns the quota with a limiter that has no `close`, because other narratives may still use the limiter. */
async function openRunQuota({
  options,
  settings,
  warn,
  persistence: { stateDatabase },
  openQuota: openSharedQuota = openQuota,
}: OpenDriverStackOptions): Promise<QuotaOptions> {
  const quota = await openSharedQuota({ settings, stateDatabase, warn, maxWaitMs: options.maxWait });
  const { close: _, ...limiter } = quota.limiter;
  return { ...quota, limiter };
}
