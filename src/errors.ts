/**
 * The expected failures of boticelli. Each has an error code, which determines the exit code. Any other thrown value is
 * a bug and is reported as `internal`.
 */

/**
 * Exit codes by error code. Codes from 64 to 78 follow sysexits.h where it defines a matching code. After an
 * interruption, the program does not exit with the code of `interrupted`: see `Interrupted`.
 */
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
  incomplete_reply: 76,
  invalid_reply: 76,
  unexpected_reply: 76,
  missing_api_key: 77,
  auth: 77,
  invalid_config: 78,
  timeout: 124,
  stream_timeout: 124,
  interrupted: 130,
} as const;

/** The stable name of a failure, as in JSON output. */
export type ErrorCode = keyof typeof exitCodes;

/** The fields of a failure besides its code and message. */
export interface ErrorDetails {
  /** What the user can do about it, in one or more sentences. */
  hint?: string | undefined;
  cause?: unknown;
  /** Whether the same request may succeed later, as after an overload, a reset connection or a per-minute limit. */
  isTransient?: boolean;
  /** The delay that the service asks for before the next attempt. */
  retryAfterMs?: number | undefined;
  /** When another attempt can succeed, if known. */
  retryAt?: Date | undefined;
  /** Whether all models of the project would fail in the same way, so that a fallback to another model does not help. */
  isProjectWide?: boolean;
  /** Whether the service refused the request because it has no capacity for it now. */
  isOverload?: boolean;
}

/** An expected failure, with an error code, a message and a hint for the user, and an exit code. */
export class BoticelliError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;
  readonly retryAt: Date | undefined;
  readonly isProjectWide: boolean;
  readonly isOverload: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BoticelliError';
    this.code = code;
    this.hint = details.hint;
    this.isTransient = details.isTransient ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.retryAt = details.retryAt;
    this.isProjectWide = details.isProjectWide ?? false;
    this.isOverload = details.isOverload ?? false;
  }
}

/** A limit named in a rejection, with the details that the service gives. */
export interface QuotaViolation {
  /** Google's name for the limit, such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  quotaId?: string;
  quotaMetric?: string;
  /** The model to which the limit applies. */
  model?: string;
  /** The value of the limit; 0 if the model has no free tier. */
  limit?: number;
  per: 'minute' | 'day' | 'unknown';
  unit: 'requests' | 'tokens';
}

/** The service rejected a request because of its quota: `rate_limited` (transient) or `quota_exhausted`. */
export class QuotaExceeded extends BoticelliError {
  /** The limits that the service named, from which the rate limiter learns. May be empty. */
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

  /** Returns a copy without a delay, for callers that leave the waiting to the rate limiter. */
  withoutDelay(): QuotaExceeded {
    const { message, violations, isTransient, isProjectWide, cause, hint, retryAt } = this;
    return new QuotaExceeded(this.code as 'rate_limited' | 'quota_exhausted', message, {
      ...{ violations, isTransient, isProjectWide, cause, retryAfterMs: 0, hint, retryAt },
    });
  }
}

/** A stream ended before its reply was complete. Another attempt may succeed. */
export class StreamInterrupted extends BoticelliError {
  /** The text received so far. It is never joined to the text of another attempt. */
  readonly partialText: string;

  constructor(message: string, { partialText, ...details }: ErrorDetails & { partialText: string }) {
    super('stream_interrupted', message, { isTransient: true, ...details });
    this.name = 'StreamInterrupted';
    this.partialText = partialText;
  }
}

/**
 * A stream sent nothing for longer than the idle timeout. Not retried, because the request may have been billed.
 */
export class StreamTimeout extends BoticelliError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('stream_timeout', message, details);
    this.name = 'StreamTimeout';
  }
}

/** The driver can't stream replies of this model; `generate` may still work. */
export class StreamingNotSupported extends BoticelliError {
  constructor(model: string, details: ErrorDetails = {}) {
    super('streaming_not_supported', `${model} does not support streaming`, {
      hint: 'Run without --stream.',
      ...details,
    });
    this.name = 'StreamingNotSupported';
  }
}

/** The signals that end a run. SIGPIPE means that the reader of standard output has closed it. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';

/**
 * The run was interrupted. After SIGINT, SIGTERM or SIGHUP, the process then kills itself with the same signal, so that a
 * shell loop stops too. After SIGPIPE, it exits with 141 and prints no error.
 */
export class Interrupted extends BoticelliError {
  readonly signal: InterruptSignal;

  constructor(signal: InterruptSignal) {
    super('interrupted', signal === 'SIGPIPE' ? 'standard output was closed' : `interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** A failure as `--output json` and `--output ndjson` show it. `retryAt` is ISO 8601 in UTC. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  hint?: string;
  act?: string;
  retryAt?: string;
}

/** Converts any thrown value into a BoticelliError. A value that is not already one is a bug and becomes `internal`. */
export function toBoticelliError(thrown: unknown): BoticelliError {
  if (thrown instanceof BoticelliError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BoticelliError('internal', message, {
    hint: 'This is a bug in boticelli. Please report it with its stack trace.',
    cause: thrown,
  });
}

/** Converts a failure into its JSON form, with the act in which it happened, if any. */
export function toErrorReport(error: BoticelliError, act?: string): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(act !== undefined && { act }),
    ...(error.retryAt !== undefined && { retryAt: error.retryAt.toISOString() }),
  };
}
