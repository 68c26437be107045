import type { Clock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { readFinalResponse } from '../driver/final-response.js';
import type { GenerateRequest } from '../driver/request.js';
import { addUsage, type Usage, zeroUsage } from '../driver/response.js';
import {
  type BoticelliError,
  type ErrorReport,
  QuotaExceeded,
  type QuotaViolation,
  toBoticelliError,
  toErrorReport,
} from '../errors.js';
import { estimateTokens } from './limiter/estimate-tokens.js';
import { toQuotaRejection } from './limiter/learned-limits.js';
import type { RateLimiter } from './limiter/rate-limiter.js';
import type { Limits } from './limits.js';

/** The options of `probeModel`. */
export interface ProbeModelOptions {
  /** A driver without layers, because retries and waits would hide rejections. */
  driver: BoticelliDriver;
  /** Counts the requests and learns from rejections. It delays no request of the probe. */
  limiter: RateLimiter;
  /** Returns the configured or built-in limits of a model. `requestedAs` is the alias by which it was requested. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  model: string;
  /** Maximum number of requests. */
  requests: number;
  /** Minimum time between the starts of two requests. The next one always waits for the previous reply. */
  spacingMs: number;
  stream: boolean;
  clock: Clock;
  signal?: AbortSignal;
  /** Called after every reply, and after every rejection that is counted in `refused`. */
  onProgress?: (result: ModelProbeResult) => void;
}

/** The result of probing one model. Durations are in milliseconds. */
export interface ModelProbeResult {
  model: string;
  /** The model that replied, if it differs from `model`. */
  servedBy?: string;
  sent: number;
  succeeded: number;
  /** The number of rejections by a rate limit or the daily quota. */
  refused: number;
  /** The first of the rejections that `refused` counts. */
  firstRefusal?: FirstRejection;
  /** Median and 95th percentile of the time from sending to the complete reply. */
  latency?: { p50Ms: number; p95Ms: number };
  usage: Usage;
  durationMs: number;
  /** Why the probe ended, or `running`. */
  ended: 'running' | 'all-sent' | 'day-used-up' | 'refused-in-a-row' | 'failed' | 'interrupted';
  /** The error, if `ended` is `failed` or `interrupted`. */
  failure?: BoticelliError;
  /** `failure` as plain data. */
  error?: ErrorReport;
}

/** The first request of a probe that a rate limit or the daily quota rejected. */
export interface FirstRejection {
  /** Number of the request, counted from 1. */
  request: number;
  /** Time from the start of the probe to the rejection, in milliseconds. */
  afterMs: number;
  /** The limits that the API stated; may be empty. */
  quotas: readonly QuotaViolation[];
  /** How long the API asked to wait, in milliseconds. Not reliable for a daily quota. */
  retryAfterMs?: number;
}

/** The probe ends after this many rejections in a row. */
const maxConsecutiveRejections = 3;

/**
 * Sends small requests to a model, one after another. Ends when all are sent, when the daily quota is used up, after
 * three rejections in a row, at any other error, or on abort. The returned promise never rejects: the result says why
 * the probe ended.
 */
export async function probeModel(options: ProbeModelOptions): Promise<ModelProbeResult> {
  const { model, requests, spacingMs, clock, signal, onProgress } = options;
  const counts = { sent: 0, succeeded: 0, refused: 0 };
  const result: ModelProbeResult = { model, ...counts, usage: zeroUsage, durationMs: 0, ended: 'running' };
  const latenciesMs: number[] = [];
  const startedAt = clock.now();
  let consecutiveRejections = 0;
  try {
    while (result.ended === 'running') {
      signal?.throwIfAborted();
      const sentAt = clock.now();
      const rejection = await sendRequest(result, { ...options, startedAt, latenciesMs });
      consecutiveRejections = rejection ? consecutiveRejections + 1 : 0;
      result.durationMs = clock.now() - startedAt;
      if (rejection?.code === 'quota_exhausted') result.ended = 'day-used-up';
      else if (result.sent >= requests) result.ended = 'all-sent';
      else if (consecutiveRejections >= maxConsecutiveRejections) result.ended = 'refused-in-a-row';
      onProgress?.(result);
      const pauseMs = sentAt + spacingMs - clock.now();
      if (result.ended === 'running' && pauseMs > 0) await clock.sleep(pauseMs, signal);
    }
  } catch (thrown) {
    const failure = toBoticelliError(thrown);
    Object.assign(result, { failure, error: toErrorReport(failure), durationMs: clock.now() - startedAt });
    result.ended = failure.code === 'interrupted' ? 'interrupted' : 'failed';
  }
  return result;
}

/**
 * Sends one request. Resolves to undefined after a reply, and to the error if the request exceeded a per-minute limit
 * or the daily quota. Throws any other error, such as missing credits.
 */
async function sendRequest(
  result: ModelProbeResult,
  options: ProbeModelOptions & { startedAt: number; latenciesMs: number[] },
): Promise<QuotaExceeded | undefined> {
  const { startedAt, latenciesMs, driver, limiter, limitsFor, model, stream, clock, signal } = options;
  const request = createProbeRequest(model);
  const reservation = await limiter.recordSent({
    model,
    estimatedTokens: estimateTokens(request),
    limitsFor: (servingModel) => limitsFor(servingModel, model),
  });
  const sentAt = clock.now();
  result.sent += 1;
  try {
    const context = signal ? { signal } : {};
    const response = await (stream
      ? readFinalResponse(driver.generateStream(request, context), model)
      : driver.generate(request, context));
    result.succeeded += 1;
    latenciesMs.push(clock.now() - sentAt);
    result.latency = { p50Ms: percentile(latenciesMs, 0.5), p95Ms: percentile(latenciesMs, 0.95) };
    result.usage = addUsage(result.usage, response.usage);
    if (response.model !== model) result.servedBy = response.model;
    await limiter.settle(reservation, { promptTokens: response.usage.promptTokens, servedModel: response.model });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof QuotaExceeded)) throw thrown;
    const rejection = toQuotaRejection(thrown, clock.now());
    if (!rejection) {
      await limiter.cancel(reservation);
      throw thrown;
    }
    result.refused += 1;
    const { violations: quotas, retryAfterMs } = thrown;
    result.firstRefusal ??= {
      ...{ request: result.sent, afterMs: clock.now() - startedAt, quotas },
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
    await limiter.recordRejection(reservation, { ...rejection, wasSentRegardlessOfLimits: true });
    return thrown;
  }
}

/**
 * Creates a request of about a dozen tokens that asks for a one-word reply. `max_tokens` is not set, because a thinking
 * model could use all of it for thoughts and send no reply.
 */
function createProbeRequest(model: string): GenerateRequest {
  const text = 'Reply with the one word "yes" and nothing else.';
  return { model, turns: [{ role: 'user', parts: [{ type: 'text', text }] }], parameters: {} };
}

/** Returns a percentile by the nearest-rank method. */
function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? 0;
}
