import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';

/** Hands out what to ask after a failure; throws, or rejects, where nothing is to be asked any more. */
export type FailureHandler = (thrown: unknown, hasYieldedText: boolean) => GenerateRequest | Promise<GenerateRequest>;

/**
 * The way of a layer that has a failed request followed by another one, or by the same again.
 * @param createHandler called for each call of the layer; what it gives back hears of each failure of that call
 */
export function withRetryLoop(
  createHandler: (request: GenerateRequest, context: CallContext) => FailureHandler,
  inner: BoticelliDriver,
): BoticelliDriver {
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const handleFailure = createHandler(request, context);
      for (let current = request; ; ) {
        try {
          return await inner.generate(current, context);
        } catch (thrown) {
          current = await handleFailure(thrown, false);
        }
      }
    },

    async *generateStream(request, context = {}) {
      const handleFailure = createHandler(request, context);
      for (let current = request; ; ) {
        let hasYieldedText = false;
        try {
          for await (const chunk of inner.generateStream(current, context)) {
            hasYieldedText ||= chunk.text !== '';
            yield chunk;
          }
          return;
        } catch (thrown) {
          current = await handleFailure(thrown, hasYieldedText);
        }
      }
    },
  };
}
