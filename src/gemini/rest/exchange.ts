import type { Clock } from '../../driver/clock.js';
import type { BoticelliError } from '../../errors.js';
import { tryParseJson } from '../../util/json.js';
import type { Redact } from '../api-key.js';
import type { Connection } from '../connection.js';
import { classifyHttpError } from '../errors/classify-http-error.js';
import type { Headers } from '../transport/minimal-fetch.js';
import type { RouteResolver } from '../transport/proxy-routes.js';
import { createRequestTimeouts, type RequestTimeoutOptions, type RequestTimeouts } from './request-timeouts.js';

/** One request and its answer: what the seam below the SDK and the driver above it both know. */
export interface HttpExchange {
  timeouts: RequestTimeouts;
  /** The service as `host:port`: all of its URL that is ever printed. */
  host: string;
  redact: Redact;
  resolveRoute: RouteResolver;
  /** Whether the answer is a stream of server-sent events. */
  streaming: boolean;
  /** Resolves when the request may leave; it is to leave then. */
  beforeSending(): Promise<void>;
  /** The error that an answer without a reply stands for. */
  classifyError(response: { status: number; headers: Headers; body: string }): BoticelliError;
  /** The reply's text so far. */
  partialText(): string;
  /** The events last handed to the SDK: among them is the one that it choked on, where it does. */
  lastEvents: readonly string[];
}

export interface HttpExchangeOptions extends RequestTimeoutOptions {
  connection: Connection;
  clock: Clock;
  /** What a refusal is told about. */
  model: string;
  streaming: boolean;
  partialText?: () => string;
  /** Default: it may leave at once. */
  beforeSending?: (() => Promise<void>) | undefined;
}

/** Begins an exchange: its deadline runs from when it is sent, and `attempt.close()` must end it. */
export function createHttpExchange(options: HttpExchangeOptions): HttpExchange {
  const {
    connection,
    clock,
    model,
    streaming,
    partialText = () => '',
    beforeSending = async () => {},
    ...timeoutOptions
  } = options;
  const { host, redact, resolveRoute } = connection;
  return {
    timeouts: createRequestTimeouts(timeoutOptions),
    host,
    redact,
    resolveRoute,
    streaming,
    partialText,
    lastEvents: [],
    beforeSending,
    classifyError: ({ status, headers, body }) =>
      classifyHttpError({ status, headers, body: redact(removeJsonEscapes(body)), model, host, now: clock.now() }),
  };
}

/** JSON may hide the key's characters in escapes (`\u003d` for `=`); written anew it has none that it needs not. */
function removeJsonEscapes(body: string): string {
  const parsed = tryParseJson(body);
  return parsed === undefined ? body : JSON.stringify(parsed);
}
