import { BoticelliError } from '../../errors.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import type { GenerateResponse } from '../response.js';
import { type BudgetLedger, createBudgetLedger } from './budget-ledger.js';
import { interceptUsage } from './usage-events.js';

export interface BudgetOptions {
  /** What all calls may cost in sum, in US dollars. */
  maxCostUsd: number;
  /** What a call will cost by what is known before it is made, in US dollars; undefined where the model has no price. */
  estimateUsd: (request: GenerateRequest) => number | undefined;
  /** What is spent of it, by others too who are given the same. Default: by the calls of this driver alone. */
  ledger?: BudgetLedger;
}

/**
 * Makes no call that would take the sum over the limit, calls under way reckoned with what they may cost: it rejects with
 * `budget_exceeded`, or with `invalid_config` for a model without a price. What was spent is what replies, and what is told of
 * spending, say that they cost, else the estimate; a call that failed without a word of that is reckoned as free. One instance
 * serves one run.
 */
export function withBudget(options: BudgetOptions, inner: BoticelliDriver): BoticelliDriver {
  const reserve = createBudgetGuard(options);
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context) {
      const { settle, innerContext } = reserve(request, context);
      try {
        const response = await inner.generate(request, innerContext);
        settle(response);
        return response;
      } finally {
        settle();
      }
    },

    async *generateStream(request, context) {
      const { settle, innerContext } = reserve(request, context);
      try {
        for await (const chunk of inner.generateStream(request, innerContext)) {
          if (chunk.response) settle(chunk.response);
          yield chunk;
        }
      } finally {
        settle();
      }
    },
  };
}

/** Lets calls begin: hands back the context for one, and what is to be called at its end, with the reply if there was one. */
function createBudgetGuard({ maxCostUsd, estimateUsd: estimate, ledger = createBudgetLedger() }: BudgetOptions) {
  return (request: GenerateRequest, context: CallContext | undefined) => {
    const estimateUsd = estimate(request);
    if (estimateUsd === undefined) throw createUnknownPriceError(request.model);
    const { spentUsd, reservedUsd } = ledger;
    const committedUsd = spentUsd + reservedUsd;
    if (committedUsd >= maxCostUsd || committedUsd + estimateUsd > maxCostUsd) {
      throw createBudgetExceededError(request, { maxCostUsd, spentUsd, reservedUsd, estimateUsd });
    }
    const settleReservation = ledger.reserve(estimateUsd);
    const innerContext = interceptUsage(context, (event) => {
      ledger.add(event.costUsd ?? estimateUsd);
      return event;
    });
    return {
      innerContext,
      settle: (response?: GenerateResponse) => settleReservation(response && (response.costUsd ?? estimateUsd)),
    };
  };
}

/** The error of a model whose price is needed and not known. */
export function createUnknownPriceError(model: string): BoticelliError {
  return new BoticelliError('invalid_config', `no price of ${model} is known, and --max-cost needs one`, {
    hint: `Set it in boticelli.toml, in $ for a million tokens: [providers.gemini.prices.${JSON.stringify(model)}] with input and output.`,
  });
}

interface BudgetFigures {
  maxCostUsd: number;
  spentUsd: number;
  reservedUsd: number;
  estimateUsd: number;
}

function createBudgetExceededError(
  { model, parameters: { maxTokens } }: GenerateRequest,
  { maxCostUsd, spentUsd, reservedUsd, estimateUsd }: BudgetFigures,
): BoticelliError {
  const output = maxTokens === undefined ? 'its prompt alone' : `a reply of ${maxTokens} tokens (max_tokens) included`;
  const callText = `a call of ${model} may cost $${formatUsd(estimateUsd)}, ${output}`;
  const reservedText = reservedUsd > 0 ? `, and calls under way may cost $${formatUsd(reservedUsd)}` : '';
  const message = `${callText}; $${formatUsd(spentUsd)} of --max-cost $${formatUsd(maxCostUsd)} is spent${reservedText}`;
  return new BoticelliError('budget_exceeded', message, {
    hint: 'It was not made. Raise --max-cost, lower max_tokens, or use a cheaper model.',
  });
}

/** In as many digits as it takes to see anything. */
function formatUsd(usd: number): string {
  return usd === 0 || usd >= 1 ? usd.toFixed(2) : String(Number(usd.toPrecision(3)));
}
