import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import { BoticelliError, QuotaExceeded, type QuotaViolation } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import type { Headers } from '../transport/minimal-fetch.js';
import { getWrongHostHint } from './invalid-response.js';
import { describeUnexpectedBody, toOneLine } from './one-line.js';
import {
  type ErrorDetail,
  findDetails,
  getErrorReason,
  parseRetryDelayMs,
  parseServiceError,
  type ServiceError,
} from './parse-error-body.js';

/** A response with an error status. */
export interface ErrorResponse {
  /** The HTTP status, or its equivalent for an error inside a stream. */
  status: number;
  headers: Headers;
  body: string;
}

/** A response in which the key is already redacted, and the context of its request. */
interface RedactedErrorResponse extends ErrorResponse {
  /** The model of the request. */
  model: string;
  /** `host:port` of the server that answered. */
  host: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export const checkKeyHint = 'Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.';
export const changeRequestHint = 'Change the narrative: the same request would be rejected again.';
export const tryLaterHint = 'Try again later, or use another model.';
// For FAILED_PRECONDITION, for example "User location is not supported".
const regionHint =
  'The account or its location is not eligible; see https://ai.google.dev/gemini-api/docs/available-regions.';

// Statuses after which a retry may succeed. The service uses 499 for CANCELLED.
const transientStatuses = new Set([408, 499, 500, 502, 503, 504]);

/** Classifies an error response by status and details (https://ai.google.dev/gemini-api/docs/troubleshooting). */
export function classifyHttpError(response: RedactedErrorResponse): BoticelliError {
  const { status, headers, now, model } = response;
  const error = parseServiceError(response.body);
  const cause = new Error(`HTTP ${status}: ${toOneLine(response.body, 2000)}`);
  const description = describeResponse(response, error);

  if (isApiKeyError(status, error)) {
    return new BoticelliError('auth', `API key rejected: ${description}`, { hint: getApiKeyHint(error), cause });
  }
  if (status === 404) {
    // Google's message is about methods and API versions, so it is kept only in the cause.
    const summary = error ? '404 NOT_FOUND' : description;
    return new BoticelliError('model_not_found', `model ${model} not found (${summary})`, { cause });
  }
  if (status === 429) return classifyQuotaError(response, error, cause);
  if (status >= 400 && status < 500 && !transientStatuses.has(status)) {
    const hint = error?.status === 'FAILED_PRECONDITION' ? regionHint : changeRequestHint;
    return new BoticelliError('invalid_request', `request rejected: ${description}`, { hint, cause });
  }
  const isTransient = transientStatuses.has(status) || status > 505;
  return new BoticelliError('unavailable', `service unavailable: ${description}`, {
    hint: isTransient ? tryLaterHint : getWrongHostHint(response.host),
    ...{ retryAfterMs: parseRetryDelayMs(error, headers, now), isTransient, cause },
  });
}

/** Returns, for example, `503 UNAVAILABLE, "The model is overloaded"`, or describes a body that is not from Gemini. */
function describeResponse(response: RedactedErrorResponse, error: ServiceError | undefined): string {
  const { status, body, host, headers } = response;
  if (error) return `${status} ${error.status ?? ''}`.trimEnd() + (error.message && `, "${toOneLine(error.message)}"`);
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  // Only the host is shown, because the rest of the URL may contain secrets.
  const target = location !== null && URL.canParse(location) ? new URL(location).host : 'another path';
  if (location !== null) return `${host} answered ${status}, a redirect to ${target}`;
  return `${host} answered ${status} with ${describeUnexpectedBody(body)}`;
}

function isApiKeyError(status: number, error: ServiceError | undefined): boolean {
  if (status === 401 || status === 403) return true;
  // An expired key has this reason too. Some gateways drop the details, so that only the message identifies the error.
  const isKeyMessage = /api key (not valid|not found|expired)/i.test(error?.message ?? '');
  return status === 400 && (getErrorReason(error) === 'API_KEY_INVALID' || isKeyMessage);
}

function getApiKeyHint(error: ServiceError | undefined): string {
  const reason = getErrorReason(error) ?? '';
  if (reason === 'SERVICE_DISABLED') {
    const metadata = findDetails(error, 'ErrorInfo')[0]?.metadata;
    const url = isRecord(metadata) ? metadata.activationUrl : undefined;
    const suffix = typeof url === 'string' ? `: ${url}` : '.';
    return `SERVICE_DISABLED: enable the Generative Language API in the key's project${suffix}`;
  }
  if (/BLOCKED/.test(reason))
    return `${reason}: the key's restrictions forbid this request; change them or use another key.`;
  if (error?.status === 'PERMISSION_DENIED')
    return "PERMISSION_DENIED: the key is known but lacks permission; check the key's project and restrictions.";
  return checkKeyHint;
}

/**
 * Classifies a 429 by the limits in its details: `quota_exhausted` if a daily limit is used up or a limit is 0,
 * otherwise `rate_limited`. A limit is daily if its quotaId says so. The retry delay does not tell: in September 2026,
 * a 429 about a daily quota gave 47 s, although that quota resets at midnight.
 */
function classifyQuotaError(
  { model, headers, now }: RedactedErrorResponse,
  error: ServiceError | undefined,
  cause: Error,
): QuotaExceeded {
  const violations = parseQuotaViolations(error);
  const serviceMessage = toOneLine(error?.message ?? '');

  const zeroLimit = violations.find(({ limit }) => limit === 0);
  if (zeroLimit || (violations.length === 0 && /\blimit: 0\b/.test(serviceMessage))) {
    return new QuotaExceeded('quota_exhausted', `${zeroLimit?.model ?? model} has no free tier: its limit is 0`, {
      hint: "Use another model, or enable billing for the key's project.",
      ...{ cause, violations },
    });
  }

  const dailyLimit = violations.find(({ per }) => per === 'day');
  if (dailyLimit) {
    return createDailyQuotaError(describeUsedUpLimit('daily', dailyLimit, model), { now, cause, violations });
  }

  const minuteLimit = violations.find(({ per }) => per === 'minute');
  const retryAfterMs = parseRetryDelayMs(error, headers, now);
  const message = minuteLimit
    ? describeUsedUpLimit('per-minute', minuteLimit, model)
    : `${model} is rate-limited (429${serviceMessage && `, "${serviceMessage}"`})`;
  return new QuotaExceeded('rate_limited', message, {
    hint: 'Try again in a minute, or use another model.',
    retryAt: retryAfterMs === undefined ? undefined : new Date(now + retryAfterMs),
    ...{ retryAfterMs, cause, violations },
  });
}

/** Creates the error for a daily limit that is used up. */
export function createDailyQuotaError(
  message: string,
  { now, ...details }: { now: number; cause: Error; violations: readonly QuotaViolation[] },
): QuotaExceeded {
  return new QuotaExceeded('quota_exhausted', message, {
    hint: 'It resets at midnight Pacific time. Until then, use another model.',
    retryAt: getNextPacificMidnight(now),
    ...details,
  });
}

/**
 * Returns, for example, `daily quota of gemini-x is used up (20 of 20 requests)`. For tokens, only the limit is shown:
 * a request needs many tokens, so the number of used tokens may be below the limit.
 */
function describeUsedUpLimit(period: string, { model, limit, unit }: QuotaViolation, requestedModel: string): string {
  const limitText =
    unit === 'tokens' ? `limit: ${limit} tokens` : `${limit} of ${limit} ${limit === 1 ? 'request' : unit}`;
  const suffix = limit === undefined ? '' : ` (${limitText})`;
  return `${period} quota of ${model ?? requestedModel} is used up${suffix}`;
}

/**
 * Returns the limits that were hit: all of those in QuotaFailure or, in older responses, the one in ErrorInfo's
 * metadata.
 */
function parseQuotaViolations(error: ServiceError | undefined): QuotaViolation[] {
  const violations = findDetails(error, 'QuotaFailure').flatMap(({ violations }) =>
    Array.isArray(violations) ? violations.filter(isRecord) : [],
  );
  if (violations.length > 0) return violations.map(parseViolation);
  return findDetails(error, 'ErrorInfo')
    .map(({ metadata }) => (isRecord(metadata) ? metadata : {}))
    .filter(({ quota_limit: limit }) => typeof limit === 'string')
    .map(({ quota_limit: quotaId, quota_limit_value: quotaValue, quota_metric: quotaMetric }) =>
      parseViolation({ quotaId, quotaValue, quotaMetric }),
    );
}

function parseViolation({ quotaId, quotaMetric, quotaValue, quotaDimensions }: ErrorDetail): QuotaViolation {
  const id = String(quotaId ?? '');
  const model = isRecord(quotaDimensions) ? quotaDimensions.model : undefined;
  const limit = quotaValue === undefined || quotaValue === '' ? Number.NaN : Number(quotaValue);
  return {
    ...(id !== '' && { quotaId: id }),
    ...(typeof quotaMetric === 'string' && { quotaMetric }),
    ...(typeof model === 'string' && { model }),
    ...(Number.isFinite(limit) && { limit }),
    per: /PerDay/i.test(id) ? 'day' : /PerMinute/i.test(id) ? 'minute' : 'unknown',
    unit: /Token/i.test(`${id} ${quotaMetric}`) ? 'tokens' : 'requests',
  };
}
