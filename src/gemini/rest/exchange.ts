import type { Clock } from '../../driver/clock.js';
import type { BoticelliError } from '../../errors.js';
import { isDeeperThan, isRecord, tryParseJson } from '../../util/json.js';
import type { Connection } from '../connection.js';
import { classifyHttpError } from '../errors/classify-http-error.js';
import type { ErrorResponse } from '../errors/error-response.js';
import type { ResponseContext } from '../errors/invalid-response.js';
import { maxBodyBytes as defaultMaxBytes } from '../transport/body-limit.js';
import type { RouteResolver } from '../transport/proxy-routes.js';
import { isReplyBody } from './reply-body.js';
import { createRequestTimeouts, type RequestTimeoutOptions, type RequestTimeouts } from './request-timeouts.js';

/** One request and its response. The driver, which calls the SDK, and the fetch, which the SDK calls, share it. */
export interface HttpExchange extends ResponseContext {
  timeouts: RequestTimeouts;
  resolveRoute: RouteResolver;
  /** Whether the response is a stream of server-sent events. */
  streaming: boolean;
  /** The maximum size of the body. */
  maxBodyBytes: number;
  /** Resolves when the request may be sent. The caller must then send it at once. */
  beforeSending(): Promise<void>;
  /** Whether a body without an error is what the request asks for. */
  isExpectedBody(body: Record<string, unknown>): boolean;
  /** Classifies a response that is an error. */
  classifyError(response: ErrorResponse): BoticelliError;
  /** The events that were last passed to the SDK. If the SDK's JSON parser fails, one of them is the cause. */
  lastEvents: readonly string[];
  /** What the service said about the finish reason, as it wrote it. The SDK 2.32 drops it. */
  finishMessage?: string | undefined;
  /** The service tier that the header of the response states. */
  servedTier?: string | undefined;
}

/** The options of `createHttpExchange`. */
export interface HttpExchangeOptions extends RequestTimeoutOptions {
  connection: Connection;
  clock: Clock;
  /** The model to name in errors. */
  model: string;
  streaming: boolean;
  /** Default: a reply or a chunk of one. */
  expected?: { name: string; isExpectedBody: HttpExchange['isExpectedBody'] };
  /** Default 64 MB. */
  maxBodyBytes?: number;
  getPartialText?: () => string;
  /** Default: resolves at once. */
  beforeSending?: (() => Promise<void>) | undefined;
}

/**
 * Creates an exchange, which the caller ends with `timeouts.close()`. The time limit starts when the request is sent.
 */
export function createHttpExchange(options: HttpExchangeOptions): HttpExchange {
  const { connection, clock, model, streaming, getPartialText = () => '', beforeSending = async () => {} } = options;
  const { expected = { name: 'a reply', isExpectedBody: isReplyBody }, maxBodyBytes = defaultMaxBytes } = options;
  const { host, redact, resolveRoute } = connection;
  return {
    timeouts: createRequestTimeouts(options),
    ...{ host, redact, resolveRoute, streaming, getPartialText, beforeSending },
    ...{ expectedName: expected.name, isExpectedBody: expected.isExpectedBody, maxBodyBytes },
    lastEvents: [],
    classifyError: ({ body, ...response }) =>
      classifyHttpError({ ...response, body: redact(removeJsonEscapes(body)), model, host, now: clock.now() }),
  };
}

/**
 * Removes unnecessary escapes from JSON by parsing and serializing it. `redact` would not find a key that contains an
 * escape, such as `\u003d` for `=`. Returns an empty text for JSON that is nested more deeply than any error of a
 * service.
 */
function removeJsonEscapes(body: string): string {
  const parsed = tryParseJson(body);
  if (parsed === undefined) return body;
  return isDeeperThan(parsed, maxErrorDepth) ? '' : JSON.stringify(parsed);
}

/** The maximum depth of the JSON of an error. Google's errors have seven levels. */
const maxErrorDepth = 100;

/** Finds the `finishMessage` of a response or of one of its chunks. */
export function findFinishMessage(json: string): string | undefined {
  // Few responses have the field, and only these are parsed. The text of a reply can't be mistaken for the field,
  // because the quotes in it are escaped.
  if (!json.includes('"finishMessage"')) return undefined;
  const parsed = tryParseJson(json);
  const candidates = isRecord(parsed) && Array.isArray(parsed.candidates) ? parsed.candidates : [];
  const message: unknown = candidates.find(isRecord)?.finishMessage;
  return typeof message === 'string' && message.trim() !== '' ? message : undefined;
}
