/**
 * The expected failures of boticelli. Each has a code, and the code alone decides the exit code.
 * A throw of anything else is a bug and ends with `internal`.
 */

/** Exit codes by error code: contract.md's table, after sysexits.h where that has a fitting name. */
export const exitCodes = {
  internal: 1,
  usage: 2,
  invalid_narrative: 65,
  no_input: 66,
  not_recorded: 66,
  unavailable: 69,
  stream_interrupted: 69,
  model_not_found: 69,
  streaming_not_supported: 69,
  invalid_request: 69,
  output_failed: 74,
  rate_limited: 75,
  quota_exhausted: 75,
  budget_exceeded: 75,
  blocked: 76,
  empty_reply: 76,
  truncated: 76,
  invalid_reply: 76,
  missing_api_key: 77,
  auth: 77,
  invalid_config: 78,
  timeout: 124,
  stream_timeout: 124,
  interrupted: 130,
} as const;

/** The stable name of a failure, as JSON output shows it. */
export type ErrorCode = keyof typeof exitCodes;

/** What a failure carries beside its code and message. */
export interface ErrorDetails {
  /** What the person can do about it, as one sentence. */
  hint?: string;
  cause?: unknown;
  /** True where the same request may succeed if sent again: an overload, a reset connection, a minute's limit. */
  isTransient?: boolean;
  /** How long the service asks to wait before the next attempt, in milliseconds. */
  retryAfterMs?: number;
  /** When trying again makes sense, where that is known. */
  retryAt?: Date;
}

/** A failure that boticelli expects: it has a name, words for a person, and an exit code. */
export class BoticelliError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;
  readonly retryAt: Date | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BoticelliError';
    this.code = code;
    this.hint = details.hint;
    this.isTransient = details.isTransient ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.retryAt = details.retryAt;
  }
}

/** One limit that a refusal named, as far as the service said. */
export interface QuotaViolation {
  /** Google's name of the limit, such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  quotaId?: string;
  quotaMetric?: string;
  /** The model that the limit is for. */
  model?: string;
  /** The limit itself; 0 where the model has no free tier. */
  limit?: number;
  per: 'minute' | 'day' | 'unknown';
  unit: 'requests' | 'tokens';
}

/** The service refused a request for its quota: `rate_limited` for now (passing), or `quota_exhausted`. */
export class QuotaExceeded extends BoticelliError {
  /** The limits that it named: what the quota book can learn. Empty where it named none. */
  readonly violations: readonly QuotaViolation[];

  constructor(
    code: 'rate_limited' | 'quota_exhausted',
    message: string,
    { violations, ...details }: ErrorDetails & { violations: readonly QuotaViolation[] },
  ) {
    super(code, message, { isTransient: code === 'rate_limited', ...details });
    this.name = 'QuotaExceeded';
    this.violations = violations;
  }

  /** The same refusal for callers that need not wait themselves, since the quota book does. */
  withoutDelay(): QuotaExceeded {
    const { message, violations, isTransient, cause } = this;
    return new QuotaExceeded(this.code as 'rate_limited' | 'quota_exhausted', message, {
      ...{ violations, isTransient, cause, retryAfterMs: 0 },
      ...(this.hint !== undefined && { hint: this.hint }),
      ...(this.retryAt !== undefined && { retryAt: this.retryAt }),
    });
  }
}

/** A stream ended before its reply was whole. Another attempt may succeed. */
export class StreamInterrupted extends BoticelliError {
  /** The text that had arrived. It is no reply: an attempt is never joined to the next one. */
  readonly partialText: string;

  constructor(message: string, { partialText, ...details }: ErrorDetails & { partialText: string }) {
    super('stream_interrupted', message, { isTransient: true, ...details });
    this.name = 'StreamInterrupted';
    this.partialText = partialText;
  }
}

/** A stream fell silent for longer than the idle timeout. Not retried: the request is spent. */
export class StreamTimeout extends BoticelliError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('stream_timeout', message, details);
    this.name = 'StreamTimeout';
  }
}

/** The driver has no way to stream this model; `generate` may still work. */
export class StreamingNotSupported extends BoticelliError {
  constructor(model: string, details: ErrorDetails = {}) {
    super('streaming_not_supported', `${model} can't stream its replies`, {
      hint: 'Run without --stream.',
      ...details,
    });
    this.name = 'StreamingNotSupported';
  }
}

/** The signals that end a run; SIGPIPE stands for a standard output whose reader has gone. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';

/** The run was ended from outside. The process then dies of the signal itself, so that a shell loop stops too. */
export class Interrupted extends BoticelliError {
  readonly signal: InterruptSignal;

  constructor(signal: InterruptSignal) {
    super('interrupted', signal === 'SIGPIPE' ? 'standard output was closed' : `interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** A failure as the JSON formats show it. `retryAt` is ISO 8601 in UTC. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  hint?: string;
  act?: string;
  retryAt?: string;
}

/** Turns anything that was thrown into a BoticelliError: what is none yet is a bug, `internal`. */
export function toBoticelliError(thrown: unknown): BoticelliError {
  if (thrown instanceof BoticelliError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BoticelliError('internal', message, {
    hint: 'This is a bug in boticelli: please report it with the stack above.',
    cause: thrown,
  });
}

/** The report of a failure, told of an act where one was playing. */
export function toErrorReport(error: BoticelliError, act?: string): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(act !== undefined && { act }),
    ...(error.retryAt !== undefined && { retryAt: error.retryAt.toISOString() }),
  };
}
