import type { BoticelliDriver } from '../driver/driver.js';
import { acquirePermit, type PermitOptions } from './limiter/acquire-permit.js';

/**
 * Makes an appointment with the quota before every call, keeps it, and teaches the book what came of it. A stream counts
 * once, as the service counts it.
 */
export function withQuota(
  quotaOptions: Omit<PermitOptions, 'prepare' | 'managesConcurrency'>,
  inner: BoticelliDriver,
): BoticelliDriver {
  const options: PermitOptions = {
    ...quotaOptions,
    prepare: inner.prepare,
    managesConcurrency: inner.managesConcurrency,
  };
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    async close() {
      await inner.close?.();
      await quotaOptions.limiter.close?.();
    },

    async generate(request, context = {}) {
      const permit = await acquirePermit(request, context, options);
      try {
        const response = await inner.generate(request, permit.context);
        await permit.settle(response);
        return response;
      } catch (thrown) {
        throw await permit.recordFailure(thrown);
      } finally {
        await permit.release();
      }
    },

    async *generateStream(request, context = {}) {
      const permit = await acquirePermit(request, context, options);
      try {
        for await (const chunk of inner.generateStream(request, permit.context)) {
          if (chunk.response) await permit.settle(chunk.response);
          yield chunk;
        }
      } catch (thrown) {
        throw await permit.recordFailure(thrown);
      } finally {
        await permit.release();
      }
    },
  };
}
