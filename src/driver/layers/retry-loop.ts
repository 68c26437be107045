import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';

/** Hands out what to ask after a failure; throws, or rejects, where nothing is to be asked any more. */
export type AfterFailure = (thrown: unknown, yieldedText: boolean) => GenerateRequest | Promise<GenerateRequest>;

/**
 * The way of a layer that has a failed request followed by another one, or by the same again.
 * @param begin called for each call of the layer; what it gives back hears of each failure of that call
 */
export function askingAgain(
  begin: (request: GenerateRequest, context: CallContext) => AfterFailure,
  inner: BoticelliDriver,
): BoticelliDriver {
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const afterFailure = begin(request, context);
      for (let asked = request; ; ) {
        try {
          return await inner.generate(asked, context);
        } catch (thrown) {
          asked = await afterFailure(thrown, false);
        }
      }
    },

    async *generateStream(request, context = {}) {
      const afterFailure = begin(request, context);
      for (let asked = request; ; ) {
        let yieldedText = false;
        try {
          for await (const chunk of inner.generateStream(asked, context)) {
            yieldedText ||= chunk.text !== '';
            yield chunk;
          }
          return;
        } catch (thrown) {
          asked = await afterFailure(thrown, yieldedText);
        }
      }
    },
  };
}
