import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import { QuotaExceeded, type QuotaViolation } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import type { HttpErrorResponse } from './classify-http-error.js';
import { toOneLine } from './one-line.js';
import { type ErrorDetail, findDetails, type ServiceError } from './parse-error-body.js';
import { parseRetryDelayMs } from './retry-delay.js';

/**
 * A 429, by what its details name: `quota_exhausted` where a day's limit is used up or is 0, else `rate_limited`. The
 * quotaId decides, never the delay: that of a per-day refusal is a lie (47 s were seen, for a quota that returns at
 * midnight; wire.md).
 */
export function classifyQuotaError(
  { model, headers, now }: HttpErrorResponse,
  error: ServiceError | undefined,
  cause: Error,
): QuotaExceeded {
  const violations = parseQuotaViolations(error);
  const serviceMessage = toOneLine(error?.message ?? '');

  const zeroLimit = violations.find(({ limit }) => limit === 0);
  if (zeroLimit || (violations.length === 0 && /\blimit: 0\b/.test(serviceMessage))) {
    return new QuotaExceeded('quota_exhausted', `${zeroLimit?.model ?? model} has no free tier: its limit is 0`, {
      hint: "Use another model, or turn on billing for the key's project.",
      ...{ cause, violations },
    });
  }

  const dailyLimit = violations.find(({ per }) => per === 'day');
  if (dailyLimit) {
    return new QuotaExceeded(
      'quota_exhausted',
      `the day's quota of ${dailyLimit.model ?? model} is used up${formatLimit(dailyLimit)}`,
      {
        hint: 'It returns at midnight Pacific time; until then use another model.',
        retryAt: getNextPacificMidnight(now),
        ...{ cause, violations },
      },
    );
  }

  const minuteLimit = violations.find(({ per }) => per === 'minute');
  const retryAfterMs = parseRetryDelayMs(error, headers, now);
  const message = minuteLimit
    ? `the minute's quota of ${minuteLimit.model ?? model} is used up${formatLimit(minuteLimit)}`
    : `${model} is limited for now (429${serviceMessage === '' ? '' : `: ${serviceMessage}`})`;
  return new QuotaExceeded('rate_limited', message, {
    hint: 'Try again in a minute, or use another model.',
    ...(retryAfterMs !== undefined && { retryAfterMs, retryAt: new Date(now + retryAfterMs) }),
    ...{ cause, violations },
  });
}

function formatLimit({ limit, unit, per }: QuotaViolation): string {
  return limit === undefined ? '' : ` (${limit} ${limit === 1 ? unit.slice(0, -1) : unit} a ${per})`;
}

/** QuotaFailure names each limit that was hit; older answers name one in ErrorInfo's metadata instead. */
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
