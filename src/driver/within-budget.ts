import { BoticelliError } from '../errors.js';
import type { BoticelliDriver } from './driver.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse } from './response.js';

export interface BudgetOptions {
  /** What all calls may cost in sum, in US dollars. */
  maxCostUsd: number;
  /** What a call will cost by what is known before it is made, in US dollars; undefined where the model has no price. */
  estimateUsd: (request: GenerateRequest) => number | undefined;
}

/**
 * Makes no call that would take the sum over the limit: it rejects with `budget_exceeded`, or with `invalid_config` for a model
 * without a price. What was spent is what replies from below say that they cost, else the estimate. One instance serves one
 * run.
 */
export function withinBudget(options: BudgetOptions, inner: BoticelliDriver): BoticelliDriver {
  let spentUsd = 0;
  const admitted = (request: GenerateRequest): number => {
    const estimateUsd = options.estimateUsd(request);
    if (estimateUsd === undefined) throw withoutPrice(request.model);
    const { maxCostUsd } = options;
    if (spentUsd >= maxCostUsd || spentUsd + estimateUsd > maxCostUsd) {
      throw exceeded(request, { maxCostUsd, spentUsd, estimateUsd });
    }
    return estimateUsd;
  };
  const spend = ({ costUsd }: GenerateResponse, estimateUsd: number) => {
    spentUsd += costUsd ?? estimateUsd;
  };
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context) {
      const estimateUsd = admitted(request);
      const response = await inner.generate(request, context);
      spend(response, estimateUsd);
      return response;
    },

    async *generateStream(request, context) {
      const estimateUsd = admitted(request);
      for await (const chunk of inner.generateStream(request, context)) {
        if (chunk.response) spend(chunk.response, estimateUsd);
        yield chunk;
      }
    },
  };
}

/** The error of a model whose price is needed and not known. */
export function withoutPrice(model: string): BoticelliError {
  return new BoticelliError('invalid_config', `no price of ${model} is known, and --max-cost needs one`, {
    hint: `Set it in boticelli.toml, in $ for a million tokens: [providers.gemini.prices.${JSON.stringify(model)}] with input and output.`,
  });
}

interface Exceeding {
  maxCostUsd: number;
  spentUsd: number;
  estimateUsd: number;
}

function exceeded(
  { model, parameters: { maxTokens } }: GenerateRequest,
  { maxCostUsd, spentUsd, estimateUsd }: Exceeding,
): BoticelliError {
  const output = maxTokens === undefined ? 'its prompt alone' : `a reply of ${maxTokens} tokens (max_tokens) included`;
  const call = `a call of ${model} may cost $${shown(estimateUsd)}, ${output}`;
  const words = `${call}; $${shown(spentUsd)} of --max-cost $${shown(maxCostUsd)} is spent`;
  return new BoticelliError('budget_exceeded', words, {
    hint: 'It was not made. Raise --max-cost, lower max_tokens, or use a cheaper model.',
  });
}

/** In as many digits as it takes to see anything. */
function shown(usd: number): string {
  return usd === 0 || usd >= 1 ? usd.toFixed(2) : String(Number(usd.toPrecision(3)));
}
