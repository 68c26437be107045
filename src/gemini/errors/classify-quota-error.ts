import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import { QuotaExceeded, type QuotaViolation } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import type { RedactedErrorResponse } from './error-response.js';
import { toOneLine } from './one-line.js';
import { type ErrorDetail, findDetails, parseRetryDelayMs, type ServiceError } from './parse-error-body.js';

/**
 * Classifies a 429 by the limits in its details: `quota_exhausted` if a daily limit is used up or a limit is 0,
 * otherwise `rate_limited`. A limit is daily if its quotaId says so. The retry delay does not tell: in September 2026,
 * a 429 about a daily quota gave 47 s, although that quota resets at midnight.
 */
export function classifyQuotaError(
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
