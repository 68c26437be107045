import type { BoticelliDriver, CallContext } from '../driver.js';
import { readFinalResponse } from '../final-response.js';
import type { GenerateRequest } from '../request.js';
import type { StreamChunk } from '../response.js';

/**
 * Sends a request to the inner driver. A call that is not streamed yields a single chunk without text, whose `response`
 * is the whole reply.
 */
export type SendInner = (request: GenerateRequest, context: CallContext) => AsyncIterable<StreamChunk>;

/** The behaviour of a layer. Driver members that are absent here are taken from the inner driver. */
export interface Layer extends Partial<Omit<BoticelliDriver, 'generate' | 'generateStream'>> {
  /**
   * Carries out one call of `generate` or `generateStream`: sends requests with `send` and yields the chunks of the
   * reply. `generate` returns the response in the last chunk and ignores the other chunks.
   */
  call(request: GenerateRequest, context: CallContext, send: SendInner): AsyncIterable<StreamChunk>;
}

/** Wraps a driver in a layer. Everything that the layer does not define is forwarded to the inner driver. */
export function createLayer(inner: BoticelliDriver, { call, ...overrides }: Layer): BoticelliDriver {
  const sendStreaming: SendInner = (request, context) => inner.generateStream(request, context);
  const sendUnstreamed: SendInner = async function* (request, context) {
    const response = await inner.generate(request, context);
    yield { text: '', finished: true, metadata: { finishReason: response.finishReason }, response };
  };
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    // The slots are concurrency slots: the right to one open call or session of a model.
    acquiresOwnSlots: (model) => inner.acquiresOwnSlots?.(model) ?? false,
    countTokens: async (request, context) => inner.countTokens?.(request, context),
    prepare: async () => inner.prepare?.(),
    close: async () => inner.close?.(),
    ...overrides,
    generate: (request, context = {}) => readFinalResponse(call(request, context, sendUnstreamed), request.model),
    generateStream: (request, context = {}) => call(request, context, sendStreaming),
  };
}
