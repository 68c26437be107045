import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { addCosts, costOf } from '../../driver/cost.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import { typicalReplyTokens } from '../../facts.js';
import type { Narrative } from '../../narrative/narrative.js';
import { type Foresight, foresee } from '../../quota/forecast.js';
import { estimateTokens } from '../../quota/limiter/estimate-tokens.js';
import type { Page } from '../../quota/limiter/model-state.js';
import { readPages } from '../resources/open-quota.js';

/** What playing a narrative will take, as far as that can be told beforehand. */
export interface Estimate extends Foresight {
  requests: number;
  /** By estimate: of the prompts with all that each act sees, and of the replies. */
  promptTokens: number;
  outputTokens: number;
  /** In US dollars; absent where the price of a model is not known. */
  costUsd?: number;
  /** How many replies have no `max_tokens`, and are taken to have as many tokens as a typical one. */
  guessedReplies: number;
  /** The same of each model, in the order in which they are asked. */
  models: ModelEstimate[];
}

export interface ModelEstimate {
  model: string;
  requests: number;
  promptTokens: number;
  outputTokens: number;
  costUsd?: number;
}

/** Says what narratives will take; with the quota book as it is now. */
export type Estimator = (narrative: Narrative, signal: AbortSignal) => Promise<Estimate>;

/** Reads the quota book, once for all narratives, and changes nothing in it. No key is needed, and no network. */
export async function openEstimator(settings: Settings, warn: (text: string) => void): Promise<Estimator> {
  const pages = await readPages({ settings, warn });
  return async (narrative, signal) => {
    const calls: Call[] = [];
    const { defaultModel } = settings;
    // What comes from standard input is not known; it counts for a word.
    const stdin = async () => '(stdin)';
    const driver = guessingDriver((call) => calls.push(call));
    const report = await new NarrativeExecutor({ driver, defaultModel, stdin, signal }).execute(narrative);
    if (report.failure) throw report.failure;
    return estimateOf(calls, settings, pages);
  };
}

/** A call as it would be made. */
interface Call {
  model: string;
  promptTokens: number;
  outputTokens: number;
  isGuessed: boolean;
}

/** A driver whose replies have a likely length, so that what sees them has one too. */
function guessingDriver(onCall: (call: Call) => void): BoticelliDriver {
  const reply = (request: GenerateRequest): GenerateResponse => {
    const { model, parameters } = request;
    const { maxTokens: outputTokens = typicalReplyTokens } = parameters;
    const promptTokens = estimateTokens(request);
    onCall({ model, promptTokens, outputTokens, isGuessed: parameters.maxTokens === undefined });
    // A token is about four characters: the rule of estimate-tokens.ts.
    const text = 'word'.repeat(Math.min(outputTokens, 1_000_000));
    const usage = { promptTokens, outputTokens, thoughtTokens: 0, totalTokens: promptTokens + outputTokens };
    return { text, model, finishReason: 'STOP', usage, turn: { role: 'model', text, model } };
  };
  return {
    supportsStreaming: () => false,
    generate: async (request, { signal } = {}) => {
      signal?.throwIfAborted();
      return reply(request);
    },
    generateStream: () => {
      throw new Error('an estimate is not streamed');
    },
  };
}

function estimateOf(calls: readonly Call[], settings: Settings, pages: ReadonlyMap<string, Page>): Estimate {
  const { project, budget, rateWindowMs: windowMs, limitsFor } = settings;
  const byModel = new Map<string, Call[]>();
  for (const call of calls) {
    const its = byModel.get(call.model);
    if (its) its.push(call);
    else byModel.set(call.model, [call]);
  }
  const models = [...byModel].map(([model, its]) => modelEstimate(model, its, settings));
  const costUsd = models.map((each) => each.costUsd).reduce(addCosts, 0);
  const requests = calls.map(({ model, promptTokens }) => ({ model, tokens: promptTokens }));
  return {
    ...{ requests: calls.length, promptTokens: sumOf(calls, 'promptTokens') },
    outputTokens: sumOf(calls, 'outputTokens'),
    ...(costUsd !== undefined && { costUsd }),
    guessedReplies: calls.filter(({ isGuessed }) => isGuessed).length,
    ...foresee(requests, { pages, project, budget, windowMs, limitsFor, now: systemClock.now() }),
    models,
  };
}

function modelEstimate(model: string, calls: readonly Call[], { prices }: Pick<Settings, 'prices'>): ModelEstimate {
  const [promptTokens, outputTokens] = [sumOf(calls, 'promptTokens'), sumOf(calls, 'outputTokens')];
  const price = prices.atMost(model);
  const costUsd = price && costOf({ promptTokens, outputTokens, thoughtTokens: 0 }, price);
  return { model, requests: calls.length, promptTokens, outputTokens, ...(costUsd !== undefined && { costUsd }) };
}

function sumOf(calls: readonly Call[], name: 'promptTokens' | 'outputTokens'): number {
  return calls.reduce((sum, call) => sum + call[name], 0);
}
