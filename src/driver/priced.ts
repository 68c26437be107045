import { costOf } from './cost.js';
import type { BoticelliDriver } from './driver.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse } from './response.js';

export interface PricedOptions {
  /** The price of a reply in US dollars for a million tokens, by the model that served and the one asked for. */
  priceOf: (served: string, requestedAs: string) => { input: number; output: number } | undefined;
}

/** Writes on each reply what it cost, where the price is known; on one that was reused, nothing. */
export function priced({ priceOf }: PricedOptions, inner: BoticelliDriver): BoticelliDriver {
  const withCost = (response: GenerateResponse, { model }: GenerateRequest): GenerateResponse => {
    if (response.reused) return response;
    const price = priceOf(response.model, model);
    return price ? { ...response, costUsd: costOf(response.usage, price) } : response;
  };
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),
    generate: async (request, context) => withCost(await inner.generate(request, context), request),

    async *generateStream(request, context) {
      for await (const chunk of inner.generateStream(request, context)) {
        yield chunk.response ? { ...chunk, response: withCost(chunk.response, request) } : chunk;
      }
    },
  };
}
