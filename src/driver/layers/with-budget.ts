import { BoticelliError } from '../../errors.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import type { GenerateResponse } from '../response.js';
import { createSpending, type Spending } from './budget-ledger.js';
import { hearingSpent } from './usage-events.js';

export interface BudgetOptions {
  /** What all calls may cost in sum, in US dollars. */
  maxCostUsd: number;
  /** What a call will cost by what is known before it is made, in US dollars; undefined where the model has no price. */
  estimateUsd: (request: GenerateRequest) => number | undefined;
  /** What is spent of it, by others too who are given the same. Default: by the calls of this driver alone. */
  spending?: Spending;
}

/**
 * Makes no call that would take the sum over the limit, calls under way reckoned with what they may cost: it rejects with
 * `budget_exceeded`, or with `invalid_config` for a model without a price. What was spent is what replies, and what is told of
 * spending, say that they cost, else the estimate; a call that failed without a word of that is reckoned as free. One instance
 * serves one run.
 */
export function withinBudget(options: BudgetOptions, inner: BoticelliDriver): BoticelliDriver {
  const begin = admitting(options);
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context) {
      const { end, heard } = begin(request, context);
      try {
        const response = await inner.generate(request, heard);
        end(response);
        return response;
      } finally {
        end();
      }
    },

    async *generateStream(request, context) {
      const { end, heard } = begin(request, context);
      try {
        for await (const chunk of inner.generateStream(request, heard)) {
          if (chunk.response) end(chunk.response);
          yield chunk;
        }
      } finally {
        end();
      }
    },
  };
}

/** Lets calls begin: hands back the context for one, and what is to be called at its end, with the reply if there was one. */
function admitting({ maxCostUsd, estimateUsd: estimate, spending = createSpending() }: BudgetOptions) {
  return (request: GenerateRequest, context: CallContext | undefined) => {
    const estimateUsd = estimate(request);
    if (estimateUsd === undefined) throw withoutPrice(request.model);
    const { spentUsd, underWayUsd } = spending;
    const takenUsd = spentUsd + underWayUsd;
    if (takenUsd >= maxCostUsd || takenUsd + estimateUsd > maxCostUsd) {
      throw exceeded(request, { maxCostUsd, spentUsd, underWayUsd, estimateUsd });
    }
    const end = spending.begin(estimateUsd);
    const heard = hearingSpent(context, (event) => {
      spending.add(event.costUsd ?? estimateUsd);
      return event;
    });
    return { heard, end: (response?: GenerateResponse) => end(response && (response.costUsd ?? estimateUsd)) };
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
  underWayUsd: number;
  estimateUsd: number;
}

function exceeded(
  { model, parameters: { maxTokens } }: GenerateRequest,
  { maxCostUsd, spentUsd, underWayUsd, estimateUsd }: Exceeding,
): BoticelliError {
  const output = maxTokens === undefined ? 'its prompt alone' : `a reply of ${maxTokens} tokens (max_tokens) included`;
  const call = `a call of ${model} may cost $${shown(estimateUsd)}, ${output}`;
  const others = underWayUsd > 0 ? `, and calls under way may cost $${shown(underWayUsd)}` : '';
  const words = `${call}; $${shown(spentUsd)} of --max-cost $${shown(maxCostUsd)} is spent${others}`;
  return new BoticelliError('budget_exceeded', words, {
    hint: 'It was not made. Raise --max-cost, lower max_tokens, or use a cheaper model.',
  });
}

/** In as many digits as it takes to see anything. */
function shown(usd: number): string {
  return usd === 0 || usd >= 1 ? usd.toFixed(2) : String(Number(usd.toPrecision(3)));
}
