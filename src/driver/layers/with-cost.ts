import { costOf } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { hearingSpent, type Paid } from './usage-events.js';

export interface PricedOptions {
  /** The price of a reply in US dollars for a million tokens, by the model that served and the one asked for. */
  priceOf: (served: string, requestedAs: string) => { input: number; output: number } | undefined;
}

/**
 * Writes on each reply, and on what is told of spending, what it cost, where the price is known; on a reply that was reused,
 * nothing.
 */
export function priced({ priceOf }: PricedOptions, inner: BoticelliDriver): BoticelliDriver {
  const withCost = <Told extends Paid>(paid: Told, { model }: GenerateRequest): Told => {
    if (paid.reused) return paid;
    const price = priceOf(paid.model, model);
    return price ? { ...paid, costUsd: costOf(paid.usage, price) } : paid;
  };
  const heard = (request: GenerateRequest, context?: CallContext) =>
    hearingSpent(context, (event) => withCost(event, request));
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),
    generate: async (request, context) => withCost(await inner.generate(request, heard(request, context)), request),

    async *generateStream(request, context) {
      for await (const chunk of inner.generateStream(request, heard(request, context))) {
        yield chunk.response ? { ...chunk, response: withCost(chunk.response, request) } : chunk;
      }
    },
  };
}
