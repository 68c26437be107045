import type { QuotaViolation } from '../../errors.js';
import { isRecord, toRecords } from '../../util/json.js';
import { type ErrorDetail, findDetails, maxErrorTextChars, type ServiceError } from './parse-error-body.js';
import { findQuotaReason, parseLimitsInText, type TextLimit } from './quota-text.js';

/**
 * Returns the limits that were hit: all of those in QuotaFailure, else the one in ErrorInfo's metadata, as in older
 * responses. What the details lack comes from the text: values, and whether a limit is daily.
 * @param text what `getRejectionText` returns, or the body of a rejection without an error object
 */
export function parseQuotaViolations(error: ServiceError | undefined, text: string): QuotaViolation[] {
  const textLimits = parseLimitsInText(text);
  const violations = parseDetails(error);
  const isDaily = violations.every(({ per }) => per === 'unknown') && findQuotaReason(text) === 'day';
  if (violations.length === 0) return isDaily ? [createDailyViolation(text, textLimits)] : [];
  return violations.map((violation) => ({
    ...addLimitFromText(violation, violations, textLimits),
    ...(isDaily && { per: 'day' }),
  }));
}

/** Joins all texts of a rejection: its message, and the descriptions and localized messages in its details. */
export function getRejectionText(error: ServiceError | undefined): string {
  const descriptions = listViolationDetails(error).map(({ description }) => description);
  const translations = findDetails(error, 'LocalizedMessage').map(({ message }) => message);
  const texts = [error?.message, ...descriptions, ...translations];
  return texts
    .filter((text) => typeof text === 'string')
    .join('\n')
    .slice(0, maxErrorTextChars);
}

/** The maximum number of limits that are read. Real rejections name a handful. */
const maxViolations = 50;

function listViolationDetails(error: ServiceError | undefined): ErrorDetail[] {
  return findDetails(error, 'QuotaFailure')
    .flatMap(({ violations }) => toRecords(violations))
    .slice(0, maxViolations);
}

function parseDetails(error: ServiceError | undefined): QuotaViolation[] {
  const violations = listViolationDetails(error);
  if (violations.length > 0) return violations.map(parseViolation);
  return findDetails(error, 'ErrorInfo')
    .map(({ metadata }) => (isRecord(metadata) ? metadata : {}))
    .filter(({ quota_limit: limit }) => typeof limit === 'string')
    .map(({ quota_limit: quotaId, quota_limit_value: quotaValue, quota_metric: quotaMetric }) =>
      parseViolation({ quotaId, quotaValue, quotaMetric }),
    );
}

function parseViolation({ quotaId, quotaMetric, quotaValue, quotaDimensions }: ErrorDetail): QuotaViolation {
  const model = isRecord(quotaDimensions) ? quotaDimensions.model : undefined;
  const limit = parseLimit(quotaValue);
  const names = [quotaId, quotaMetric].filter(isName).join(' ');
  return {
    ...(isName(quotaId) && { quotaId }),
    ...(isName(quotaMetric) && { quotaMetric }),
    ...(isName(model) && { model }),
    ...(limit !== undefined && { limit }),
    per: /Per_?Day/i.test(names) ? 'day' : /Per_?Minute/i.test(names) ? 'minute' : 'unknown',
    unit: /Token/i.test(names) ? 'tokens' : 'requests',
  };
}

/** Names are printed and stored, so a text that is too long for a name counts as absent. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 300;
}

/** An absent, null or blank value is unknown, not 0, and so is a value that is not a whole number up to 2^53 − 1. */
function parseLimit(quotaValue: unknown): number | undefined {
  const isStated = typeof quotaValue === 'number' || (typeof quotaValue === 'string' && quotaValue.trim() !== '');
  const limit = Number(quotaValue);
  return isStated && Number.isSafeInteger(limit) && limit >= 0 ? limit : undefined;
}

/**
 * Adds the limit that the text states for the metric of a violation. Limits per minute and per day can have the same
 * metric. Then the text does not say to which of them its number belongs, unless the number is 0: a model without a
 * free tier has no requests in any period.
 */
function addLimitFromText(
  violation: QuotaViolation,
  violations: readonly QuotaViolation[],
  textLimits: readonly TextLimit[],
): QuotaViolation {
  const { limit, quotaMetric } = violation;
  if (limit !== undefined || quotaMetric === undefined) return violation;
  const values = new Set(textLimits.filter(({ metric }) => metric === quotaMetric).map((textLimit) => textLimit.limit));
  const isOnlyOne = violations.filter((other) => other.quotaMetric === quotaMetric).length === 1;
  const [value] = values;
  if (value === undefined || values.size > 1 || (value !== 0 && !isOnlyOne)) return violation;
  return { ...violation, limit: value };
}

function createDailyViolation(text: string, textLimits: readonly TextLimit[]): QuotaViolation {
  const [textLimit] = textLimits;
  return {
    ...(textLimit && textLimits.length === 1 && { limit: textLimit.limit, quotaMetric: textLimit.metric }),
    ...(textLimit?.model !== undefined && { model: textLimit.model }),
    per: 'day',
    unit: /token/i.test(textLimit?.metric ?? text) ? 'tokens' : 'requests',
  };
}
