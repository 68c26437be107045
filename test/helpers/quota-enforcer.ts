import { dayQuotaError, minuteQuotaError, quotaError } from './gemini/errors.js';
import { type ScriptedReply, textReply } from './gemini/replies.js';
import type { ReceivedRequest } from './gemini/send-reply.js';
import type { GeminiServer } from './gemini/server.js';
import { createRandom } from './random.js';

/** The quota of the loopback server for each model. */
export interface QuotaRules {
  /** The length of a window, which stands for Google's minute. */
  windowMs: number;
  /** A `sliding` window counts back from each request; a `fixed` window starts again at fixed times. */
  window: 'sliding' | 'fixed';
  /** Requests per window. */
  rpm?: number;
  /** Prompt tokens per window. */
  tpm?: number;
  /** Requests per day. The day never ends here. */
  rpd?: number;
  /** The shortest and the longest delay of a reply. The request is counted before the delay. Default 0. */
  latencyMs?: [minMs: number, maxMs: number];
  /** The offset of fixed windows from multiples of their length. Default: a random one, from the seed. */
  phaseMs?: number;
  /** Characters per prompt token in the server's count. Default 4. */
  charactersPerToken?: number;
  /** The seed of latencies and the phase. Default 1. */
  seed?: number;
}

/** A generate request that the server has accepted or rejected. */
export interface LoggedRequest {
  model: string;
  /** When the request arrived, in milliseconds since the epoch. */
  at: number;
  promptTokens: number;
  /** The limit that the request would exceed; absent if it was accepted. */
  exceededLimit?: 'rpm' | 'tpm' | 'rpd';
}

/** The generate requests that the server has received. */
export interface QuotaLog {
  /** The accepted and the rejected requests, in order of arrival. */
  requests: readonly LoggedRequest[];
  /** The accepted requests, of all models or of one. */
  accepted(model?: string): LoggedRequest[];
  /** The requests rejected with 429, of all models or of one. */
  rejected(model?: string): LoggedRequest[];
  /**
   * The most requests that were accepted within one window for one model: the named model, or else the model with the
   * most requests.
   */
  maxRequestsInWindow(model?: string): number;
}

/**
 * Makes the server enforce a quota per model, as Google does: it counts a request when it arrives and replies after the
 * latency. A rejected request is not counted and gets Google's 429 with the limit and the retry delay.
 *
 * @param overrides rules for single models, by name
 */
export function enforceQuota(
  server: GeminiServer,
  rules: QuotaRules,
  overrides: Record<string, Partial<QuotaRules>> = {},
): QuotaLog {
  const random = createRandom(rules.seed ?? 1);
  const phaseMs = rules.phaseMs ?? Math.floor(random() * rules.windowMs);
  const getRules = (model: string): ModelRules => ({ phaseMs, ...rules, ...overrides[model] });
  const requests: LoggedRequest[] = [];
  const filterByModel = (model?: string) => requests.filter((logged) => model === undefined || logged.model === model);
  const accepted = (model?: string) => filterByModel(model).filter(({ exceededLimit }) => exceededLimit === undefined);

  server.setDefaultReply((request) => {
    const modelRules = getRules(request.model);
    const logged = decide(request, accepted(request.model), modelRules);
    requests.push(logged);
    const [minLatencyMs, maxLatencyMs] = modelRules.latencyMs ?? [0, 0];
    const headersDelayMs = Math.round(minLatencyMs + random() * (maxLatencyMs - minLatencyMs));
    return { ...createResponse(logged, accepted(request.model), modelRules), headersDelayMs };
  });
  return {
    requests,
    accepted,
    rejected: (model) => filterByModel(model).filter(({ exceededLimit }) => exceededLimit !== undefined),
    maxRequestsInWindow: (model) =>
      accepted(model).reduce((max, { model, at }, index, all) => {
        const soFar = all.slice(0, index + 1).filter((logged) => logged.model === model);
        return Math.max(
          max,
          soFar.length - soFar.findIndex((logged) => logged.at > lastMsBeforeWindow(at, getRules(model))),
        );
      }, 0),
  };
}

type ModelRules = QuotaRules & { phaseMs: number };

/** Returns the last millisecond before the window that contains the time `at`. */
function lastMsBeforeWindow(at: number, { window, windowMs, phaseMs }: ModelRules): number {
  if (window === 'sliding') return at - windowMs;
  return Math.floor((at - phaseMs) / windowMs) * windowMs + phaseMs - 1;
}

function decide(request: ReceivedRequest, accepted: readonly LoggedRequest[], rules: ModelRules): LoggedRequest {
  const { model, receivedAtMs: at } = request;
  const promptTokens = countPromptTokens(request, rules.charactersPerToken);
  const { rpm = Number.POSITIVE_INFINITY, tpm = Number.POSITIVE_INFINITY, rpd = Number.POSITIVE_INFINITY } = rules;
  const inWindow = accepted.filter((logged) => logged.at > lastMsBeforeWindow(at, rules));
  const tokens = inWindow.reduce((sum, earlier) => sum + earlier.promptTokens, 0);
  const logged = { model, at, promptTokens };
  if (accepted.length >= rpd) return { ...logged, exceededLimit: 'rpd' };
  if (inWindow.length >= rpm) return { ...logged, exceededLimit: 'rpm' };
  // As at Google, a request that is larger than the limit is accepted in an empty window.
  if (tokens > 0 && tokens + promptTokens > tpm) return { ...logged, exceededLimit: 'tpm' };
  return logged;
}

function createResponse(
  { model, at, promptTokens, exceededLimit }: LoggedRequest,
  accepted: LoggedRequest[],
  rules: ModelRules,
): ScriptedReply {
  if (exceededLimit === undefined) return createReply(model, accepted.length, promptTokens);
  if (exceededLimit === 'rpd') return dayQuotaError(model, { limit: String(rules.rpd) });
  const retryDelay = `${computeRetryDelayMs(at, accepted, rules) / 1000}s`;
  if (exceededLimit === 'rpm') return minuteQuotaError(model, { limit: String(rules.rpm), retryDelay });
  const quotaId = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
  const quotaMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';
  return quotaError([{ quotaId, quotaMetric, quotaValue: String(rules.tpm), model }], retryDelay);
}

/** Computes the time until the oldest request leaves a sliding window, or a fixed window ends. */
function computeRetryDelayMs(at: number, accepted: readonly LoggedRequest[], rules: ModelRules): number {
  const before = lastMsBeforeWindow(at, rules);
  if (rules.window === 'fixed') return before + 1 + rules.windowMs - at;
  const oldest = accepted.find((logged) => logged.at > before);
  return (oldest?.at ?? at) + rules.windowMs - at;
}

function createReply(model: string, count: number, promptTokens: number): ScriptedReply {
  return textReply(`Reply ${count} of ${model}`, {
    usage: { promptTokenCount: promptTokens, candidatesTokenCount: 4, totalTokenCount: promptTokens + 4 },
  });
}

/** Counts the prompt tokens by the length of the texts, independently of the client's estimate. */
function countPromptTokens({ body }: ReceivedRequest, charactersPerToken = 4): number {
  const contents: { parts?: { text?: string }[] }[] = [...(body?.contents ?? []), body?.systemInstruction ?? {}];
  const characters = contents.flatMap(({ parts = [] }) => parts.map((part) => part.text?.length ?? 0));
  return Math.max(1, Math.ceil(characters.reduce((sum, length) => sum + length, 0) / charactersPerToken));
}

/**
 * Computes the share of a quota that was used. Cuts the requests into groups of `perWindow`. If the quota is fully
 * used, each group comes `spanMs` after the group before, so the ideal time from the first group to the last group is
 * (groups - 1) × `spanMs`. The share is the ideal time divided by the real time. The time of a group is the mean arrival
 * of its requests. Mean arrivals are compared because the time from the very first request to the very last also
 * contains the time in which the last group arrives, and the ideal time does not.
 *
 * @param accepted the requests in order of arrival; their number is a multiple of `perWindow`
 * @param spanMs the shortest time that the limiter leaves between a request and the request `perWindow` places before
 * it: the window and the safety margin
 */
export function computeQuotaUse(accepted: readonly LoggedRequest[], perWindow: number, spanMs: number): number {
  const computeMeanArrival = (requests: readonly LoggedRequest[]) =>
    requests.reduce((sum, { at }) => sum + at, 0) / requests.length;
  const elapsedMs = computeMeanArrival(accepted.slice(-perWindow)) - computeMeanArrival(accepted.slice(0, perWindow));
  return ((accepted.length / perWindow - 1) * spanMs) / elapsedMs;
}
