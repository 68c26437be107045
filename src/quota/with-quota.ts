import type { BoticelliDriver } from '../driver/driver.js';
import { createLayer } from '../driver/layers/create-layer.js';
import { acquirePermit } from './limiter/acquire-permit.js';
import type { PermitOptions } from './limiter/permit-options.js';
import { createTokenCounter } from './limiter/token-counter.js';

/** The options of `withQuota`. */
export type QuotaOptions = Omit<PermitOptions, 'driver' | 'countTokens'>;

/**
 * Limits the request rate: waits for a concurrency slot and for a reservation of quota before each call, and settles
 * the reservation with the token count of the reply. Emits `wait` events. A call that fails or is aborted before its
 * request is sent gives back its reservation. The limiter learns the true limit from a 429. A stream counts as one
 * request. `close` also closes the limiter.
 *
 * @throws BoticelliError `rate_limited` if the wait would exceed `maxWaitMs`, `quota_exhausted` if the daily quota is
 *   used up, the service asked for a delay of more than ten minutes, or the prompt is larger than the tokens per
 *   minute that the service allows
 */
export function withQuota(quotaOptions: QuotaOptions, inner: BoticelliDriver): BoticelliDriver {
  const options: PermitOptions = { ...quotaOptions, driver: inner, countTokens: createTokenCounter(inner) };
  return createLayer(inner, {
    async close() {
      await inner.close?.();
      await quotaOptions.limiter.close?.();
    },

    async *call(request, context, send) {
      const permit = await acquirePermit(request, context, options);
      try {
        for await (const chunk of send(request, permit.context)) {
          if (chunk.response) await permit.settle(chunk.response);
          yield chunk;
        }
      } catch (thrown) {
        throw await permit.recordFailure(thrown);
      } finally {
        await permit.release();
      }
    },
  });
}
