import type { Clock } from '../../driver/clock.js';
import type { BoticelliError } from '../../errors.js';
import { tryParseJson } from '../../util/json.js';
import type { Connection } from '../connection.js';
import { classifyHttpError, type ErrorResponse } from '../errors/classify-http-error.js';
import type { ResponseContext } from '../errors/invalid-response.js';
import type { RouteResolver } from '../transport/proxy-routes.js';
import { createRequestTimeouts, type RequestTimeoutOptions, type RequestTimeouts } from './request-timeouts.js';

/** One request and its response, as shared by the fetch below the SDK and the driver above it. */
export interface HttpExchange extends ResponseContext {
  timeouts: RequestTimeouts;
  resolveRoute: RouteResolver;
  /** Whether the response is a stream of server-sent events. */
  streaming: boolean;
  /** Resolves when the request may be sent, which must then happen at once. */
  beforeSending(): Promise<void>;
  /** Classifies a response that is an error. */
  classifyError(response: ErrorResponse): BoticelliError;
  /** The events last passed to the SDK. If its JSON parser fails, one of them is the cause. */
  lastEvents: readonly string[];
}

export interface HttpExchangeOptions extends RequestTimeoutOptions {
  connection: Connection;
  clock: Clock;
  /** The model that errors name. */
  model: string;
  streaming: boolean;
  partialText?: () => string;
  /** Default: resolves at once. */
  beforeSending?: (() => Promise<void>) | undefined;
}

/** Begins an exchange; end it with `timeouts.close()`. Its time limit starts when the request is sent. */
export function createHttpExchange(options: HttpExchangeOptions): HttpExchange {
  const { connection, clock, model, streaming, partialText = () => '', beforeSending = async () => {} } = options;
  const { host, redact, resolveRoute } = connection;
  return {
    timeouts: createRequestTimeouts(options),
    ...{ host, redact, resolveRoute, streaming, partialText, beforeSending },
    lastEvents: [],
    classifyError: ({ status, headers, body }) =>
      classifyHttpError({ status, headers, body: redact(removeJsonEscapes(body)), model, host, now: clock.now() }),
  };
}

/** JSON may hide the key in escapes (`\u003d` for `=`). Parsing and serializing it leaves only the necessary escapes. */
function removeJsonEscapes(body: string): string {
  const parsed = tryParseJson(body);
  return parsed === undefined ? body : JSON.stringify(parsed);
}
