import { calculateCostUsd } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { type BilledResponse, interceptUsage } from './usage-events.js';

export interface CostOptions {
  /** The price of a reply in US dollars for a million tokens, by the model that served and the one asked for. */
  getPrice: (servedModel: string, requestedModel: string) => { input: number; output: number } | undefined;
}

/**
 * Writes on each reply, and on what is told of spending, what it cost, where the price is known; on a reply that was reused,
 * nothing.
 */
export function withCost({ getPrice }: CostOptions, inner: BoticelliDriver): BoticelliDriver {
  const addCost = <Billed extends BilledResponse>(billed: Billed, { model }: GenerateRequest): Billed => {
    if (billed.reused) return billed;
    const price = getPrice(billed.model, model);
    return price ? { ...billed, costUsd: calculateCostUsd(billed.usage, price) } : billed;
  };
  const createInnerContext = (request: GenerateRequest, context?: CallContext) =>
    interceptUsage(context, (event) => addCost(event, request));
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),
    generate: async (request, context) =>
      addCost(await inner.generate(request, createInnerContext(request, context)), request),

    async *generateStream(request, context) {
      for await (const chunk of inner.generateStream(request, createInnerContext(request, context))) {
        yield chunk.response ? { ...chunk, response: addCost(chunk.response, request) } : chunk;
      }
    },
  };
}
