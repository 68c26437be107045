import { BoticelliError } from '../../errors.js';
import { countHopTokens } from '../continuation.js';
import type { BoticelliDriver } from '../driver.js';
import type { GenerateRequest } from '../request.js';
import { type BudgetLedger, createBudgetLedger } from './budget-ledger.js';
import { createLayer } from './create-layer.js';
import { interceptUsage } from './usage-events.js';

/** The options of `withBudget`. */
export interface BudgetOptions {
  /** Maximum cost of all calls, in US dollars. */
  maxCostUsd: number;
  /**
   * Estimates the cost of a call in US dollars; undefined if the model's price is unknown. Called without `reply`
   * before the request is sent, and with the `reply` if a response has no cost. Called with an empty text if a usage
   * event (a reply that was billed but is not returned) has no cost, because the event does not contain the text.
   */
  estimateUsd: (request: GenerateRequest, reply?: { text: string }) => number | undefined;
  /** Where spending is recorded; drivers that share a ledger share the budget. Default: a new one. */
  ledger?: BudgetLedger;
}

/**
 * Rejects a call that could exceed the budget, before its request is sent. A running call counts at its estimate. A
 * finished call counts at the cost in its response, plus the costs in its usage events: these report replies that were
 * billed but are not returned. A response without a cost counts at an estimate for its text, and a usage event without
 * a cost at an estimate for an empty text. A call that failed without a usage event counts as free. Create a new layer
 * for each run, because the layer adds up the costs of all its calls.
 *
 * @throws BoticelliError `budget_exceeded`, or `invalid_config` for a model without a price
 */
export function withBudget(options: BudgetOptions, inner: BoticelliDriver): BoticelliDriver {
  const { maxCostUsd, ledger = createBudgetLedger() } = options;
  return createLayer(inner, {
    async *call(request, context, send) {
      const estimateUsd = options.estimateUsd(request);
      if (estimateUsd === undefined) throw createUnknownPriceError(request.model, request.parameters.tools);
      const committedUsd = ledger.spentUsd + ledger.reservedUsd;
      if (committedUsd >= maxCostUsd || committedUsd + estimateUsd > maxCostUsd) {
        throw createBudgetExceededError(request, maxCostUsd, ledger, estimateUsd);
      }
      const settle = ledger.reserve(estimateUsd);
      const innerContext = interceptUsage(context, (event) => {
        ledger.add(event.costUsd ?? options.estimateUsd(request, { text: '' }) ?? estimateUsd);
        return event;
      });
      try {
        for await (const chunk of send(request, innerContext)) {
          const { response } = chunk;
          if (response) settle(response.costUsd ?? options.estimateUsd(request, response) ?? estimateUsd);
          yield chunk;
        }
      } finally {
        settle();
      }
    },
  });
}

/** Creates the error for a model whose price is needed but unknown. */
export function createUnknownPriceError(
  model: string,
  tools: GenerateRequest['parameters']['tools'] = [],
): BoticelliError {
  const keys = tools.includes('google_search')
    ? 'input and output, and search in US dollars per web search'
    : 'input and output';
  return new BoticelliError('invalid_config', `no known price for ${model}, and --max-cost needs one`, {
    hint: `Set it in boticelli.toml, in US dollars per million tokens: [providers.gemini.prices.${JSON.stringify(model)}] with ${keys}.`,
  });
}

function createBudgetExceededError(
  request: GenerateRequest,
  maxCostUsd: number,
  { spentUsd, reservedUsd }: BudgetLedger,
  estimateUsd: number,
): BoticelliError {
  const { model, parameters } = request;
  const { maxTokens } = parameters;
  const estimateText = `$${formatUsd(estimateUsd)}`;
  const callText =
    maxTokens === undefined
      ? `the prompt alone may cost ${estimateText} with ${model}`
      : `a request to ${model} may cost ${estimateText} with ${describeMaxReply(request, maxTokens)}`;
  const reservedText = reservedUsd > 0 ? `, and running requests may cost $${formatUsd(reservedUsd)}` : '';
  const message = `${callText}; $${formatUsd(spentUsd)} of --max-cost $${formatUsd(maxCostUsd)} is spent${reservedText}`;
  return new BoticelliError('budget_exceeded', message, {
    hint: 'The request was not sent. Raise --max-cost, lower max_tokens, or use a cheaper model.',
  });
}

/** Describes the longest reply to a request. Earlier hops have used a part of `max_tokens`. */
function describeMaxReply(request: GenerateRequest, maxTokens: number): string {
  return request.finishedHops
    ? `another ${Math.max(0, maxTokens - countHopTokens(request))} tokens of the reply (the rest of max_tokens)`
    : `a reply of ${maxTokens} tokens (max_tokens)`;
}

/** Formats an amount with two decimals, or, below a dollar, with up to three significant digits. */
function formatUsd(usd: number): string {
  const rounded = usd < 1 ? Number(usd.toPrecision(3)) : usd;
  if (rounded === 0 || rounded >= 1) return rounded.toFixed(2);
  // String() would write tiny amounts as 9e-7.
  const decimals = 2 - Math.floor(Math.log10(rounded));
  return rounded.toFixed(Math.min(20, decimals)).replace(/0+$/, '');
}
