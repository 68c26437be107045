import { BoticelliError } from '../../errors.js';
import { tryLaterHint, useAnotherModelHint } from './error-hints.js';
import type { RedactedErrorResponse } from './error-response.js';
import { getWrongHostHint } from './invalid-response.js';
import { parseRetryDelayMs, type ServiceError } from './parse-error-body.js';

// Statuses after which a retry may succeed. The service uses 499 for CANCELLED. Statuses above 505 are added below:
// they come from gateways, such as 520 to 526 from Cloudflare.
const transientStatuses = new Set([408, 499, 500, 502, 503, 504]);

/** Whether a retry of a request with this status may succeed. 429 is classified elsewhere. */
export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status) || status > 505;
}

/**
 * Creates the error for a service that can't answer. The error of a transient status has the delay that the response
 * names, if any.
 */
export function createUnavailableError(
  description: string,
  { status, headers, host, now }: RedactedErrorResponse,
  error: ServiceError | undefined,
  cause: Error,
): BoticelliError {
  const isTransient = isTransientStatus(status);
  const retryAfterMs = isTransient ? parseRetryDelayMs(error, headers, now) : undefined;
  const hint = retryAfterMs === undefined ? tryLaterHint : useAnotherModelHint;
  return new BoticelliError('unavailable', `service unavailable: ${description}`, {
    hint: isTransient ? hint : getWrongHostHint(host),
    ...(retryAfterMs !== undefined && { retryAfterMs, retryAt: new Date(now + retryAfterMs) }),
    ...{ isTransient, isOverload: status === 503, cause },
  });
}
