import type { Price } from '../../facts/prices.js';
import { calculateCostUsd, countPromptAsText } from '../cost.js';
import type { BoticelliDriver } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { createLayer } from './create-layer.js';
import { interceptUsage, type UsageReport } from './usage-events.js';

/** The options of `withCost`. */
export interface CostOptions {
  /** Returns the price, given the model that served the request and the requested model. */
  getPrice: (servedModel: string, requestedModel: string) => Price | undefined;
}

/** Adds `costUsd` to responses and usage events whose price and counts are known. A reused reply gets no cost. */
export function withCost({ getPrice }: CostOptions, inner: BoticelliDriver): BoticelliDriver {
  const addCost = <Billed extends UsageReport>(billed: Billed, request: GenerateRequest): Billed => {
    if (billed.reused) return billed;
    const { model, usage, tokenDetails = {} } = billed;
    const price = getPrice(model, request.model);
    // Some gateways send no token counts by modality. If sound is the only modality with a price of its own, all
    // tokens of a prompt without sound are counted as text.
    const promptDetails = tokenDetails.prompt ?? (price && countPromptAsText(request, price, usage));
    const costUsd =
      price && calculateCostUsd(usage, price, { ...tokenDetails, ...(promptDetails && { prompt: promptDetails }) });
    return costUsd === undefined ? billed : { ...billed, costUsd };
  };
  return createLayer(inner, {
    async *call(request, context, send) {
      const innerContext = interceptUsage(context, (event) => addCost(event, request));
      for await (const chunk of send(request, innerContext)) {
        yield chunk.response ? { ...chunk, response: addCost(chunk.response, request) } : chunk;
      }
    },
  });
}
