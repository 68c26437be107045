import type { BoticelliDriver } from '../driver/driver.js';
import { type AdmissionOptions, admit } from './limiter/reserve.js';

/**
 * Makes an appointment with the quota before every call, keeps it, and teaches the book what came of it. A stream counts
 * once, as the service counts it.
 */
export function metered(
  settings: Omit<AdmissionOptions, 'prepare' | 'holdsPlace'>,
  inner: BoticelliDriver,
): BoticelliDriver {
  const options: AdmissionOptions = { ...settings, prepare: inner.prepare, holdsPlace: inner.holdsPlace };
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    async close() {
      await inner.close?.();
      await settings.book.close?.();
    },

    async generate(request, context = {}) {
      const admission = await admit(request, context, options);
      try {
        const response = await inner.generate(request, admission.context);
        await admission.settle(response);
        return response;
      } catch (thrown) {
        throw await admission.learn(thrown);
      } finally {
        await admission.leave();
      }
    },

    async *generateStream(request, context = {}) {
      const admission = await admit(request, context, options);
      try {
        for await (const chunk of inner.generateStream(request, admission.context)) {
          if (chunk.response) await admission.settle(chunk.response);
          yield chunk;
        }
      } catch (thrown) {
        throw await admission.learn(thrown);
      } finally {
        await admission.leave();
      }
    },
  };
}
