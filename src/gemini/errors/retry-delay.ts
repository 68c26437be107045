import type { Headers } from '../transport/minimal-fetch.js';
import { findDetails, type ServiceError } from './parse-error-body.js';

/**
 * How long the service asks to wait, in milliseconds: by google.rpc.RetryInfo, else by the Retry-After header, which
 * Google itself never sends but gateways do.
 * @param now milliseconds since the epoch
 */
export function parseRetryDelayMs(error: ServiceError | undefined, headers: Headers, now: number): number | undefined {
  const retryDelay = findDetails(error, 'RetryInfo')[0]?.retryDelay;
  const seconds = typeof retryDelay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(retryDelay)?.[1] : undefined;
  return seconds === undefined ? parseRetryAfterMs(headers.get('retry-after'), now) : Math.ceil(Number(seconds) * 1000);
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function parseRetryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
