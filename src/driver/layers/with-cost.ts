import { calculateCostUsd } from '../cost.js';
import type { BoticelliDriver } from '../driver.js';
import { createLayer } from './create-layer.js';
import { type BilledResponse, interceptUsage } from './usage-events.js';

export interface CostOptions {
  /**
   * Returns the prices in US dollars per million tokens, given the model that served the request and the requested
   * model.
   */
  getPrice: (servedModel: string, requestedModel: string) => { input: number; output: number } | undefined;
}

/** Adds `costUsd` to responses and usage events whose price is known. A reused reply gets no cost. */
export function withCost({ getPrice }: CostOptions, inner: BoticelliDriver): BoticelliDriver {
  const addCost = <Billed extends BilledResponse>(billed: Billed, requestedModel: string): Billed => {
    if (billed.reused) return billed;
    const price = getPrice(billed.model, requestedModel);
    const costUsd = price && calculateCostUsd(billed.usage, price);
    return costUsd === undefined ? billed : { ...billed, costUsd };
  };
  return createLayer(inner, {
    async *call(request, context, send) {
      const innerContext = interceptUsage(context, (event) => addCost(event, request.model));
      for await (const chunk of send(request, innerContext)) {
        yield chunk.response ? { ...chunk, response: addCost(chunk.response, request.model) } : chunk;
      }
    },
  });
}
