import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { addCosts, calculateCostUsd } from '../../driver/cost.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { typicalReplyTokens } from '../../facts/prices.js';
import type { Narrative } from '../../narrative/narrative.js';
import { forecastQuota, type QuotaForecast } from '../../quota/forecast.js';
import { estimateTokens } from '../../quota/limiter/estimate-tokens.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { readLocalModelStates } from '../resources/open-quota.js';

/** What running a narrative is expected to use. */
export interface Estimate extends QuotaForecast {
  requests: number;
  /** Estimated, with the conversation that each act sees. */
  promptTokens: number;
  outputTokens: number;
  /** In US dollars; absent if a price is unknown. */
  costUsd?: number;
  /** The number of replies without `max_tokens`, which count as replies of typical length. */
  guessedReplies: number;
  /** The same per model, in the order of the first requests. */
  models: ModelEstimate[];
}

export interface ModelEstimate {
  model: string;
  requests: number;
  promptTokens: number;
  outputTokens: number;
  costUsd?: number;
}

/** Estimates what a narrative will use, given the current quota. */
export type Estimator = (narrative: Narrative, signal: AbortSignal) => Promise<Estimate>;

/** Creates an estimator. Reads the quota store once for all narratives and writes nothing; needs neither key nor network. */
export async function createEstimator(settings: Settings, warn: (text: string) => void): Promise<Estimator> {
  const modelStates = await readLocalModelStates({ settings, warn });
  return async (narrative, signal) => {
    const estimatedRequests: EstimatedRequest[] = [];
    const { defaultModel } = settings;
    // Standard input is unknown: it counts as one word.
    const stdin = async () => '(stdin)';
    const driver = createEstimatingDriver((estimatedRequest) => estimatedRequests.push(estimatedRequest));
    const report = await new NarrativeExecutor({ driver, defaultModel, stdin, signal }).execute(narrative);
    if (report.failure) throw report.failure;
    return createEstimate(estimatedRequests, settings, modelStates);
  };
}

/** A request that a run would send. */
interface EstimatedRequest {
  model: string;
  promptTokens: number;
  outputTokens: number;
  isGuess: boolean;
}

/** Creates a driver whose replies have a typical length, so that later prompts have a realistic length too. */
function createEstimatingDriver(onRequest: (estimatedRequest: EstimatedRequest) => void): BoticelliDriver {
  const createReply = (request: GenerateRequest): GenerateResponse => {
    const { model, parameters } = request;
    const { maxTokens: outputTokens = typicalReplyTokens } = parameters;
    const promptTokens = estimateTokens(request);
    onRequest({ model, promptTokens, outputTokens, isGuess: parameters.maxTokens === undefined });
    // A token is about four characters, as in estimate-tokens.ts.
    const text = 'word'.repeat(Math.min(outputTokens, 1_000_000));
    const usage = { promptTokens, outputTokens, thoughtTokens: 0, totalTokens: promptTokens + outputTokens };
    return { text, model, finishReason: 'STOP', usage, turn: { role: 'model', text, model } };
  };
  return {
    supportsStreaming: () => false,
    generate: async (request, { signal } = {}) => {
      signal?.throwIfAborted();
      return createReply(request);
    },
    generateStream: () => {
      throw new Error('an estimate is not streamed');
    },
  };
}

function createEstimate(
  estimatedRequests: readonly EstimatedRequest[],
  settings: Settings,
  modelStates: ReadonlyMap<string, ModelState>,
): Estimate {
  const { project, budget, rateWindowMs: windowMs, limitsFor } = settings;
  const byModel = new Map<string, EstimatedRequest[]>();
  for (const estimatedRequest of estimatedRequests) {
    const modelRequests = byModel.get(estimatedRequest.model);
    if (modelRequests) modelRequests.push(estimatedRequest);
    else byModel.set(estimatedRequest.model, [estimatedRequest]);
  }
  const models = [...byModel].map(([model, modelRequests]) => createModelEstimate(model, modelRequests, settings));
  const costUsd = models.map((modelEstimate) => modelEstimate.costUsd).reduce(addCosts, 0);
  const requests = estimatedRequests.map(({ model, promptTokens }) => ({ model, tokens: promptTokens }));
  return {
    ...{ requests: estimatedRequests.length, promptTokens: sumOf(estimatedRequests, 'promptTokens') },
    outputTokens: sumOf(estimatedRequests, 'outputTokens'),
    ...(costUsd !== undefined && { costUsd }),
    guessedReplies: estimatedRequests.filter(({ isGuess }) => isGuess).length,
    ...forecastQuota(requests, { modelStates, project, budget, windowMs, limitsFor, now: systemClock.now() }),
    models,
  };
}

function createModelEstimate(
  model: string,
  estimatedRequests: readonly EstimatedRequest[],
  { prices }: Pick<Settings, 'prices'>,
): ModelEstimate {
  const [promptTokens, outputTokens] = [
    sumOf(estimatedRequests, 'promptTokens'),
    sumOf(estimatedRequests, 'outputTokens'),
  ];
  const price = prices.getMaxPrice(model);
  const costUsd = price && calculateCostUsd({ promptTokens, outputTokens, thoughtTokens: 0 }, price);
  return {
    model,
    requests: estimatedRequests.length,
    promptTokens,
    outputTokens,
    ...(costUsd !== undefined && { costUsd }),
  };
}

function sumOf(estimatedRequests: readonly EstimatedRequest[], name: 'promptTokens' | 'outputTokens'): number {
  return estimatedRequests.reduce((sum, estimatedRequest) => sum + estimatedRequest[name], 0);
}
