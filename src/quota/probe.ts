import type { Clock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import type { GenerateRequest } from '../driver/request.js';
import { addUsage, type GenerateResponse, noUsage, type Usage } from '../driver/response.js';
import {
  asBoticelliError,
  BoticelliError,
  type ErrorReport,
  type QuotaFact,
  QuotaRefused,
  reportOf,
} from '../errors.js';
import { estimateTokens } from './limiter/estimate-tokens.js';
import { lessonOf } from './limiter/learned-limits.js';
import type { QuotaBook } from './limiter/rate-limiter.js';
import type { Limits } from './limits.js';

export interface ProbeOptions {
  /** The bare driver: what retries or waits would hide the refusals. */
  driver: BoticelliDriver;
  /** Is told of every request and what came of it, so that its counts stay true; it is never asked. */
  book: QuotaBook;
  limitsFor: (model: string, requestedAs?: string) => Limits;
  model: string;
  /** How many to send at most. */
  requests: number;
  /** From the start of a request to that of the next one, at the least; never before the reply. */
  spacingMs: number;
  stream: boolean;
  clock: Clock;
  signal?: AbortSignal;
  /** Called after every request. */
  onProgress?: (series: Series) => void;
}

/** What a series of requests to one model met. Durations are in milliseconds. */
export interface Series {
  model: string;
  /** The model that served, where that is another one. */
  servedBy?: string;
  sent: number;
  succeeded: number;
  refused: number;
  firstRefusal?: FirstRefusal;
  /** From sending to the whole reply: half and 95% of the requests that got one took no longer. */
  latency?: { p50Ms: number; p95Ms: number };
  usage: Usage;
  durationMs: number;
  /** Why it ended: `running` while it has not. */
  ended: 'running' | 'all-sent' | 'day-used-up' | 'refused-in-a-row' | 'failed' | 'interrupted';
  /** Where it ended for another reason than quota. */
  failure?: BoticelliError;
  /** The same as data. */
  error?: ErrorReport;
}

/** The first refusal of a series. */
export interface FirstRefusal {
  /** Which request it was, counted from 1. */
  request: number;
  /** From the start of the series, in milliseconds. */
  afterMs: number;
  /** The limits that the service named. Empty where it named none. */
  quotas: readonly QuotaFact[];
  /** How long it asked to wait, in milliseconds. That of a day's quota is not to be believed. */
  retryAfterMs?: number;
}

/** Refusals in a row after which nothing new is to be learned. */
const enoughRefusals = 3;

/**
 * Sends small requests to a model, one after another, until its quota is used up or all are sent. Never rejects: how it
 * ended is in the series.
 */
export async function probeModel(options: ProbeOptions): Promise<Series> {
  const { model, requests, spacingMs, clock, signal, onProgress } = options;
  const series: Series = {
    ...{ model, sent: 0, succeeded: 0, refused: 0, usage: noUsage, durationMs: 0 },
    ended: 'running',
  };
  const latenciesMs: number[] = [];
  const startedAt = clock.now();
  let inARow = 0;
  try {
    while (series.ended === 'running') {
      signal?.throwIfAborted();
      const sentAt = clock.now();
      const refusal = await sendOne(series, { ...options, startedAt, latenciesMs });
      inARow = refusal ? inARow + 1 : 0;
      series.durationMs = clock.now() - startedAt;
      series.ended = endingOf(series, { refusal, inARow, requests });
      onProgress?.(series);
      const pauseMs = sentAt + spacingMs - clock.now();
      if (series.ended === 'running' && pauseMs > 0) await clock.sleep(pauseMs, signal);
    }
  } catch (thrown) {
    const failure = asBoticelliError(thrown);
    Object.assign(series, { failure, error: reportOf(failure), durationMs: clock.now() - startedAt });
    series.ended = failure.code === 'interrupted' ? 'interrupted' : 'failed';
  }
  return series;
}

function endingOf(
  { sent }: Series,
  { refusal, inARow, requests }: { refusal: QuotaRefused | undefined; inARow: number; requests: number },
): Series['ended'] {
  if (refusal?.code === 'quota_exhausted') return 'day-used-up';
  if (sent >= requests) return 'all-sent';
  return inARow >= enoughRefusals ? 'refused-in-a-row' : 'running';
}

interface Sending extends ProbeOptions {
  startedAt: number;
  latenciesMs: number[];
}

/** Sends one request. Resolves to the refusal if it was refused, and rejects with any other failure. */
async function sendOne(
  series: Series,
  { startedAt, latenciesMs, driver, book, limitsFor, model, stream, clock, signal }: Sending,
): Promise<QuotaRefused | undefined> {
  const request = smallRequest(model);
  const booked = await book.sent({
    model,
    estimatedTokens: estimateTokens(request),
    limitsOf: (counted) => limitsFor(counted, model),
  });
  const sentAt = clock.now();
  series.sent += 1;
  try {
    const reply = await replyOf(driver, request, { stream, signal });
    series.succeeded += 1;
    latenciesMs.push(clock.now() - sentAt);
    series.latency = { p50Ms: percentile(latenciesMs, 0.5), p95Ms: percentile(latenciesMs, 0.95) };
    series.usage = addUsage(series.usage, reply.usage);
    if (reply.model !== model) series.servedBy = reply.model;
    await book.settle(booked, { promptTokens: reply.usage.promptTokens, servedModel: reply.model });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof QuotaRefused)) throw thrown;
    series.refused += 1;
    const { facts: quotas, retryAfterMs } = thrown;
    series.firstRefusal ??= {
      ...{ request: series.sent, afterMs: clock.now() - startedAt, quotas },
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
    await book.learn(booked, { ...lessonOf(thrown, clock.now()), unasked: true });
    return thrown;
  }
}

async function replyOf(
  driver: BoticelliDriver,
  request: GenerateRequest,
  { stream, signal }: { stream: boolean; signal: AbortSignal | undefined },
): Promise<GenerateResponse> {
  const context = signal ? { signal } : {};
  if (!stream) return driver.generate(request, context);
  let response: GenerateResponse | undefined;
  for await (const chunk of driver.generateStream(request, context)) response = chunk.response ?? response;
  if (!response) throw new BoticelliError('stream_interrupted', `the stream of ${request.model} ended without a reply`);
  return response;
}

/** A dozen tokens in, a word out. No cap on the reply: a model that thinks would spend it on thoughts. */
function smallRequest(model: string): GenerateRequest {
  const text = 'Reply with the one word "yes" and nothing else.';
  return { model, turns: [{ role: 'user', parts: [{ type: 'text', text }] }], parameters: {} };
}

/** The value that this share of the values does not exceed, by nearest rank. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
