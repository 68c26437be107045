import type { Clock } from '../../driver/clock.js';
import type { BoticelliError } from '../../errors.js';
import type { Redact } from '../api-key.js';
import type { Connection } from '../connection.js';
import { classifyRefusal } from '../errors/classify-http-error.js';
import { parsedJson } from '../errors/parse-error-body.js';
import type { Headers } from '../transport/minimal-fetch.js';
import type { RouteTo } from '../transport/proxy-routes.js';
import { type Attempt, type AttemptLimits, openAttempt } from './request-timeouts.js';

/** One request and its answer: what the seam below the SDK and the driver above it both know. */
export interface Exchange {
  attempt: Attempt;
  /** The service as `host:port`: all of its URL that is ever printed. */
  host: string;
  redact: Redact;
  routeTo: RouteTo;
  /** Whether the answer is a stream of server-sent events. */
  streaming: boolean;
  /** Resolves when the request may leave; it is to leave then. */
  beforeSending(): Promise<void>;
  /** The error that an answer without a reply stands for. */
  classify(answer: { status: number; headers: Headers; body: string }): BoticelliError;
  /** The reply's text so far. */
  partialText(): string;
  /** The events last handed to the SDK: among them is the one that it choked on, where it does. */
  handedOver: readonly string[];
}

export interface ExchangeOptions extends AttemptLimits {
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
export function openExchange(options: ExchangeOptions): Exchange {
  const {
    connection,
    clock,
    model,
    streaming,
    partialText = () => '',
    beforeSending = async () => {},
    ...limits
  } = options;
  const { host, redact, routeTo } = connection;
  return {
    attempt: openAttempt(limits),
    host,
    redact,
    routeTo,
    streaming,
    partialText,
    handedOver: [],
    beforeSending,
    classify: ({ status, headers, body }) =>
      classifyRefusal({ status, headers, body: redact(withoutEscapes(body)), model, host, now: clock.now() }),
  };
}

/** JSON may hide the key's characters in escapes (`\u003d` for `=`); written anew it has none that it needs not. */
function withoutEscapes(body: string): string {
  const parsed = parsedJson(body);
  return parsed === undefined ? body : JSON.stringify(parsed);
}
