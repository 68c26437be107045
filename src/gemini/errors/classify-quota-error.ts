import { nextPacificMidnight } from '../../driver/pacific-day.js';
import { type QuotaFact, QuotaRefused } from '../../errors.js';
import type { Refusal } from './classify-http-error.js';
import { oneLine } from './one-line.js';
import { detailsOf, type ErrorDetail, isRecord, type ServiceError } from './parse-error-body.js';
import { retryDelayMs } from './retry-delay.js';

/**
 * A 429, by what its details name: `quota_exhausted` where a day's limit is used up or is 0, else `rate_limited`. The
 * quotaId decides, never the delay: that of a per-day refusal is a lie (47 s were seen, for a quota that returns at
 * midnight; wire.md).
 */
export function classifyQuota(
  { model, headers, now }: Refusal,
  error: ServiceError | undefined,
  cause: Error,
): QuotaRefused {
  const facts = quotaFacts(error);
  const said = oneLine(error?.message ?? '');

  const nothing = facts.find(({ limit }) => limit === 0);
  if (nothing || (facts.length === 0 && /\blimit: 0\b/.test(said))) {
    return new QuotaRefused('quota_exhausted', `${nothing?.model ?? model} has no free tier: its limit is 0`, {
      hint: "Use another model, or turn on billing for the key's project.",
      ...{ cause, facts },
    });
  }

  const day = facts.find(({ per }) => per === 'day');
  if (day) {
    return new QuotaRefused('quota_exhausted', `the day's quota of ${day.model ?? model} is used up${limitOf(day)}`, {
      hint: 'It returns at midnight Pacific time; until then use another model.',
      retryAt: nextPacificMidnight(now),
      ...{ cause, facts },
    });
  }

  const minute = facts.find(({ per }) => per === 'minute');
  const retryAfterMs = retryDelayMs(error, headers, now);
  const message = minute
    ? `the minute's quota of ${minute.model ?? model} is used up${limitOf(minute)}`
    : `${model} is limited for now (429${said === '' ? '' : `: ${said}`})`;
  return new QuotaRefused('rate_limited', message, {
    hint: 'Try again in a minute, or use another model.',
    ...(retryAfterMs !== undefined && { retryAfterMs, retryAt: new Date(now + retryAfterMs) }),
    ...{ cause, facts },
  });
}

function limitOf({ limit, unit, per }: QuotaFact): string {
  return limit === undefined ? '' : ` (${limit} ${limit === 1 ? unit.slice(0, -1) : unit} a ${per})`;
}

/** QuotaFailure names each limit that was hit; older answers name one in ErrorInfo's metadata instead. */
function quotaFacts(error: ServiceError | undefined): QuotaFact[] {
  const violations = detailsOf(error, 'QuotaFailure').flatMap(({ violations }) =>
    Array.isArray(violations) ? violations.filter(isRecord) : [],
  );
  if (violations.length > 0) return violations.map(factOfViolation);
  return detailsOf(error, 'ErrorInfo')
    .map(({ metadata }) => (isRecord(metadata) ? metadata : {}))
    .filter(({ quota_limit: limit }) => typeof limit === 'string')
    .map(({ quota_limit: quotaId, quota_limit_value: quotaValue, quota_metric: quotaMetric }) =>
      factOfViolation({ quotaId, quotaValue, quotaMetric }),
    );
}

function factOfViolation({ quotaId, quotaMetric, quotaValue, quotaDimensions }: ErrorDetail): QuotaFact {
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
