import { setImmediate } from 'node:timers/promises';
import type { PriceList } from '../../config/price-list.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { addCosts, estimateCostUsd } from '../../driver/cost.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { getServiceTier } from '../../driver/service-tier.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import type { NarrativeRow } from '../../executor/options.js';
import { builtInModels, isPictureModel } from '../../facts/models.js';
import { type SearchFee, typicalPictureTokens, typicalReplyTokens } from '../../facts/prices.js';
import type { ServiceTier } from '../../facts/service-tiers.js';
import type { Narrative } from '../../narrative/narrative.js';
import { listRowReferences } from '../../narrative/row-references.js';
import { forecastQuota, type QuotaForecast } from '../../quota/forecast.js';
import { estimateTokens } from '../../quota/limiter/estimate-tokens.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { readLocalModelStatesOrWarn } from '../resources/open-quota.js';

/** What the requests to a model are expected to use. */
interface ModelEstimate {
  model: string;
  requests: number;
  /** Includes the conversation that is sent before each prompt. */
  promptTokens: number;
  outputTokens: number;
  /** In US dollars; absent if a price is unknown. */
  costUsd?: number;
  /** The cost in the standard service tier. Present if an act asks for a tier and the cost is known. */
  standardCostUsd?: number;
  /** The service tiers that acts ask for. */
  serviceTiers?: ServiceTier[];
}

/** What running a narrative is expected to use. */
export interface Estimate extends QuotaForecast, Omit<ModelEstimate, 'model'> {
  /** The number of text replies of acts without `max_tokens`. They are estimated as replies of typical length. */
  guessedReplies: number;
  /** The number of requests whose model may search the web. The fee of searches is not part of the cost. */
  searchRequests: number;
  /**
   * The highest search fee among these requests. Absent if one of the fees is unknown, or if there are no such
   * requests.
   */
  searchFee?: SearchFee;
  /** The estimates per model, in the order in which the models are first used. */
  models: ModelEstimate[];
}

/**
 * Estimates what one run of a narrative will use or, if there are rows, what the runs of all rows will use together. The
 * waits depend on the quota that is in use now.
 */
type Estimator = (narrative: Narrative, signal: AbortSignal, rows?: AsyncIterable<NarrativeRow>) => Promise<Estimate>;

/**
 * Creates an estimator. Reads this machine's quota database once for all narratives. The estimator writes nothing, and
 * needs neither a key nor the network.
 */
export async function createEstimator(settings: Settings, warn: (text: string) => void): Promise<Estimator> {
  const modelStates = await readLocalModelStatesOrWarn({ settings, warn });
  return async (narrative, signal, rows = createUnknownRow(narrative)) => {
    const requests: EstimatedRequest[] = [];
    const { defaultModel } = settings;
    // The content of standard input is unknown, so it counts as one word.
    const stdin = async () => '(stdin)';
    const driver = createEstimatingDriver(settings.prices, (request) => requests.push(request));
    const executor = new NarrativeExecutor({ driver, defaultModel, stdin, signal, allowOutside: true });
    for await (const row of rows) {
      const report = await executor.execute(narrative, { row });
      if (report.failure) throw report.failure;
    }
    return createEstimate(requests, settings, modelStates);
  };
}

/** Yields one row, which stands for all rows of a narrative if no rows are given. Each value of the row is one word. */
async function* createUnknownRow(narrative: Narrative): AsyncIterable<NarrativeRow> {
  const columns = [...listRowReferences(narrative)].map((name) => name.slice('row.'.length));
  yield { number: 1, values: Object.fromEntries(columns.map((name) => [name, '(row)'])), folder: '', isUnknown: true };
}

/** A request that a run would send. */
interface EstimatedRequest {
  model: string;
  promptTokens: number;
  outputTokens: number;
  /** In US dollars; absent if the price is unknown. */
  costUsd?: number;
  /** The cost in the standard service tier. */
  standardCostUsd?: number;
  /** The service tier that the request asks for. */
  serviceTier?: ServiceTier | undefined;
  /** Whether `outputTokens` is the length of a typical text reply, because the act has no `max_tokens`. */
  isReplyGuessed: boolean;
  /** Present if the request may search the web. `fee` is undefined if the fee of a search is unknown. */
  search?: { fee: SearchFee | undefined };
}

/**
 * Creates a driver that reports the requests of each prompt to `onRequest`. Its replies are `max_tokens` long, or have a
 * typical length, so that later prompts, which contain them, have a realistic length too.
 */
function createEstimatingDriver(prices: PriceList, onRequest: (request: EstimatedRequest) => void): BoticelliDriver {
  const createReply = (request: GenerateRequest): GenerateResponse => {
    const { model, parameters } = request;
    const drawsPicture = isPictureModel(stripModelPrefix(model));
    const { maxTokens: outputTokens = drawsPicture ? typicalPictureTokens : typicalReplyTokens } = parameters;
    const promptTokens = estimateTokens(request);
    const price = prices.getMaxPrice(model);
    for (const hop of splitIntoHops(model, { promptTokens, outputTokens })) {
      const costUsd = price && estimateCostUsd(request, hop, price);
      const standardCostUsd = price && estimateCostUsd({ ...request, serviceTiers: ['standard'] }, hop, price);
      const costs = costUsd !== undefined && standardCostUsd !== undefined ? { costUsd, standardCostUsd } : {};
      const estimate = { model, ...hop, ...costs, serviceTier: getServiceTier(request) };
      const search = parameters.tools?.includes('google_search') && { search: { fee: price?.searchFee } };
      onRequest({ ...estimate, isReplyGuessed: parameters.maxTokens === undefined && !drawsPicture, ...search });
    }
    // A token is about four characters, as in estimate-tokens.ts. The text of 2^31 tokens, the maximum of `max_tokens`,
    // would be too long for a string.
    const text = 'word'.repeat(Math.min(outputTokens, 1_000_000));
    const usage = { promptTokens, outputTokens, thoughtTokens: 0, totalTokens: promptTokens + outputTokens };
    return { text, model, finishReason: 'STOP', usage, turn: { role: 'model', text, model } };
  };
  let requestCount = 0;
  return {
    supportsStreaming: () => false,
    generate: async (request, { signal } = {}) => {
      // Executing a narrative with this driver waits for no I/O, so Node can handle signals only during this pause.
      requestCount += 1;
      if (requestCount % 1000 === 0) await setImmediate();
      signal?.throwIfAborted();
      return createReply(request);
    },
    generateStream: () => {
      throw new Error('an estimate is not streamed');
    },
  };
}

/** A request for a part of a long reply, or for a whole reply. */
interface Hop {
  promptTokens: number;
  outputTokens: number;
}

/**
 * Splits a reply into the requests that a run without --stream needs for it. With --stream, fewer requests may be
 * enough, because each can return more. The prompt of each request includes the earlier parts.
 */
function splitIntoHops(model: string, { promptTokens, outputTokens }: Hop): Hop[] {
  const maxPerHop = builtInModels.get(model)?.maxTokensPerRequest?.unary ?? outputTokens;
  const hopCount = Math.max(1, Math.ceil(outputTokens / maxPerHop));
  return Array.from({ length: hopCount }, (_, index) => ({
    promptTokens: promptTokens + index * maxPerHop,
    outputTokens: Math.min(maxPerHop, outputTokens - index * maxPerHop),
  }));
}

function createEstimate(
  requests: readonly EstimatedRequest[],
  { project, limitMultipliers, windowMs, limitsFor }: Settings,
  modelStates: ReadonlyMap<string, ModelState>,
): Estimate {
  const names = new Set(requests.map(({ model }) => model));
  const models = [...names].map((name): ModelEstimate => {
    const requestsToModel = requests.filter(({ model }) => model === name);
    return { model: name, ...sumRequests(requestsToModel) };
  });
  const planned = requests.map(({ model, promptTokens }) => ({ model, tokens: promptTokens }));
  return {
    ...sumRequests(requests),
    guessedReplies: requests.filter(({ isReplyGuessed }) => isReplyGuessed).length,
    ...sumSearches(requests),
    ...forecastQuota(planned, { modelStates, project, limitMultipliers, windowMs, limitsFor, now: systemClock.now() }),
    models,
  };
}

function sumSearches(requests: readonly EstimatedRequest[]): Pick<Estimate, 'searchRequests' | 'searchFee'> {
  const fees = requests.flatMap(({ search }) => search ?? []).map(({ fee }) => fee);
  const [highest] = [...fees].sort((left, right) => (right?.usd ?? 0) - (left?.usd ?? 0));
  return { searchRequests: fees.length, ...(highest && !fees.includes(undefined) && { searchFee: highest }) };
}

function sumRequests(requests: readonly EstimatedRequest[]) {
  const promptTokens = requests.reduce((sum, request) => sum + request.promptTokens, 0);
  const outputTokens = requests.reduce((sum, request) => sum + request.outputTokens, 0);
  // The cost can't be computed from the total tokens, because the price of a token may depend on the prompt's size.
  const costUsd = requests.map((request) => request.costUsd).reduce(addCosts, 0);
  const standardCostUsd = requests.map((request) => request.standardCostUsd).reduce(addCosts, 0);
  const serviceTiers = [...new Set(requests.flatMap(({ serviceTier }) => serviceTier ?? []))];
  return {
    ...{ requests: requests.length, promptTokens, outputTokens },
    ...(costUsd !== undefined && { costUsd }),
    ...(serviceTiers.length > 0 && { serviceTiers, ...(standardCostUsd !== undefined && { standardCostUsd }) }),
  };
}
