import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { createLayer } from './create-layer.js';

/** Returns the request to send after a failure, or throws to end the call. */
export type FailureHandler = (thrown: unknown, hasYieldedText: boolean) => GenerateRequest | Promise<GenerateRequest>;

/**
 * Creates a layer that sends another request after one has failed.
 * @param createHandler called once for each call; the handler that it returns receives each failure of that call
 */
export function withRetryLoop(
  createHandler: (request: GenerateRequest, context: CallContext) => FailureHandler,
  inner: BoticelliDriver,
): BoticelliDriver {
  return createLayer(inner, {
    async *call(request, context, send) {
      const handleFailure = createHandler(request, context);
      for (let current = request; ; ) {
        let hasYieldedText = false;
        try {
          for await (const chunk of send(current, context)) {
            hasYieldedText ||= chunk.text !== '';
            yield chunk;
          }
          return;
        } catch (thrown) {
          current = await handleFailure(thrown, hasYieldedText);
        }
      }
    },
  });
}
