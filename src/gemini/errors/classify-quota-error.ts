import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import { QuotaExceeded, type QuotaViolation } from '../../errors.js';
import { billingPages, spendLimits } from '../../facts/limits.js';
import { describeUnexpectedBody } from './describe-body.js';
import { useAnotherModelHint } from './error-hints.js';
import type { RedactedErrorResponse } from './error-response.js';
import { toOneLine } from './one-line.js';
import { getErrorReason, maxErrorTextChars, parseRetryDelayMs, type ServiceError } from './parse-error-body.js';
import { getRejectionText, parseQuotaViolations } from './parse-quota-violations.js';
import { findQuotaReason, parseLimitsInText, type QuotaReason } from './quota-text.js';

/** A longer delay than this does not belong to a limit per minute. */
const maxMinuteDelayMs = 10 * 60_000;

/**
 * Whether a rejection is about quota or payment. 402 is Google's status for depleted credits since September 2026. With
 * 403, Google's services reject requests of projects without billing.
 */
export function isQuotaRejection(status: number, error: ServiceError | undefined): boolean {
  if (status === 402 || status === 429) return true;
  const isBillingOff =
    getErrorReason(error) === 'BILLING_DISABLED' || findQuotaReason(error?.message ?? '') === 'billing-off';
  return status === 403 && isBillingOff;
}

/**
 * Classifies a rejection for which `isQuotaRejection` is true. It is `quota_exhausted` in four cases: credits, billing
 * or a spending cap forbid the request, a limit is 0, a daily limit is used up, or no per-minute limit is named and the
 * retry delay is longer than `maxMinuteDelayMs`. Otherwise it is `rate_limited`.
 *
 * A limit is daily if its quotaId or metric says so. If no limit has a quotaId or metric that names a period, the text
 * decides. A short retry delay does not mean that the limit is not daily: in September 2026, a 429 about a daily quota
 * gave a delay of 47 s, although that quota resets at midnight.
 */
export function classifyQuotaError(
  response: RedactedErrorResponse,
  error: ServiceError | undefined,
  cause: Error,
): QuotaExceeded {
  const { model, now, headers, status } = response;
  // Without an error object, the body itself is the text of the rejection, unless it is a web page.
  const text =
    error || /^\s*</.test(response.body) ? getRejectionText(error) : response.body.slice(0, maxErrorTextChars);
  const description = describeRejection(response, error);
  const retryAfterMs = parseRetryDelayMs(error, headers, now);
  const billingReason = findBillingReason(response, error, text);
  if (billingReason) return createBillingError(billingReason, { description, cause, now, retryAfterMs });
  if (status === 402) return createPaymentError(description, response.host, cause);

  const violations = parseQuotaViolations(error, text);
  const zeroLimit = violations.find(({ limit }) => limit === 0);
  // Without details, `parseQuotaViolations` takes only a daily limit from the text. A limit of 0 may have no period, so it
  // is looked for here.
  if (zeroLimit || (violations.length === 0 && parseLimitsInText(text).some(({ limit }) => limit === 0))) {
    return new QuotaExceeded('quota_exhausted', `${zeroLimit?.model ?? model} has no free tier: its limit is 0`, {
      hint: `Use another model, or enable billing for the key's project at ${billingPages.projects}.`,
      ...{ cause, violations },
    });
  }

  const dailyLimit = violations.find(({ per }) => per === 'day');
  if (dailyLimit) {
    return createDailyQuotaError(describeUsedUpLimit('daily', dailyLimit, model), { now, cause, violations });
  }

  const minuteLimit = violations.find(({ per }) => per === 'minute');
  const message = minuteLimit
    ? describeUsedUpLimit('per-minute', minuteLimit, model)
    : `${model} is rate-limited (${description})`;
  const retryAt = retryAfterMs === undefined ? undefined : new Date(now + retryAfterMs);
  if (!minuteLimit && retryAfterMs !== undefined && retryAfterMs > maxMinuteDelayMs) {
    return new QuotaExceeded('quota_exhausted', message, { hint: useAnotherModelHint, retryAt, cause, violations });
  }
  return new QuotaExceeded('rate_limited', message, {
    hint: retryAt ? useAnotherModelHint : 'Try again in a minute, or use another model.',
    ...{ retryAt, retryAfterMs, cause, violations },
  });
}

/** Returns, for example, `429, "Resource has been exhausted"`, or says who answered if it was not Gemini. */
function describeRejection({ status, host, body }: RedactedErrorResponse, error: ServiceError | undefined): string {
  if (!error) return `${host} answered ${status} with ${describeUnexpectedBody(body)}`;
  const message = toOneLine(error.message);
  return message === '' ? String(status) : `${status}, "${message}"`;
}

/**
 * Classifies a rejection of which only the text is known, such as the reason of a WebSocket's close frame. Returns
 * undefined if `findQuotaReason` finds no reason in the text.
 * @param description the rejection, with its text, for the message
 */
export function classifyQuotaText(
  text: string,
  { model, description, now, cause }: { model: string; description: string; now: number; cause: Error },
): QuotaExceeded | undefined {
  const reason = findQuotaReason(text);
  if (reason === undefined) return undefined;
  if (reason !== 'day') return createBillingError(reason, { description, cause, now });
  const message = `daily quota of ${model} is used up (${description})`;
  return createDailyQuotaError(message, { now, cause, violations: [] });
}

type BillingReason = Exclude<QuotaReason, 'day'>;

function findBillingReason(
  { status, host }: RedactedErrorResponse,
  error: ServiceError | undefined,
  text: string,
): BillingReason | undefined {
  const reason = findQuotaReason(text);
  if (reason !== undefined && reason !== 'day') return reason;
  if (status === 403) return 'billing-off';
  const isGoogle = error?.status === 'RESOURCE_EXHAUSTED' || host.endsWith('.googleapis.com');
  return status === 402 && isGoogle ? 'credits' : undefined;
}

interface BillingErrorDetails {
  description: string;
  cause: Error;
  now: number;
  retryAfterMs?: number | undefined;
}

/**
 * Creates the error of a rejection that concerns all models of the project. It is `rate_limited` for `spend-rate`,
 * which ends within minutes, and otherwise `quota_exhausted`.
 */
function createBillingError(
  reason: BillingReason,
  { description, cause, now, retryAfterMs }: BillingErrorDetails,
): QuotaExceeded {
  const { summary, nextStep } = billingTexts[reason];
  const message = `${summary} (${description})`;
  const hint = `${nextStep} All models of the project are affected, so another model does not help.`;
  const details = { hint, cause, violations: [], isProjectWide: true };
  if (reason !== 'spend-rate') return new QuotaExceeded('quota_exhausted', message, details);
  const retryAt = retryAfterMs === undefined ? undefined : new Date(now + retryAfterMs);
  return new QuotaExceeded('rate_limited', message, { ...details, retryAfterMs, retryAt });
}

const tierLimitsText = Object.entries(spendLimits.usdByTier)
  .map(([tier, usd]) => `$${usd} in ${tier.replace('_', ' ')}`)
  .join(', ');

const billingTexts: Record<BillingReason, { summary: string; nextStep: string }> = {
  credits: {
    summary: "the project's prepaid credits are used up",
    nextStep: `Buy credits at ${billingPages.projects}.`,
  },
  'project-cap': {
    summary: "the project's monthly spending cap is reached",
    nextStep: `Raise the cap at ${billingPages.spend}, or wait for the next month.`,
  },
  'account-cap': {
    summary: 'the monthly spending cap of the billing account is reached',
    nextStep: `See ${billingPages.billing}, or wait for the next month.`,
  },
  'billing-off': {
    summary: 'billing is turned off for the project',
    nextStep: `Turn on billing at ${billingPages.projects}.`,
  },
  'spend-rate': {
    summary: "the project's spend-based rate limit is reached",
    nextStep: `Try again in a few minutes: the limit applies to what the project spends within ${spendLimits.windowMs / 60_000} minutes (${tierLimitsText}).`,
  },
};

/** Creates the error of a 402 that is not from Google. */
function createPaymentError(description: string, host: string, cause: Error): QuotaExceeded {
  return new QuotaExceeded('quota_exhausted', `${host} asks for payment (${description})`, {
    hint: `Check the credits and the billing of your account at ${host}.`,
    ...{ cause, violations: [], isProjectWide: true },
  });
}

/** Creates the error for a daily limit that is used up. */
function createDailyQuotaError(
  message: string,
  { now, ...details }: { now: number; cause: Error; violations: readonly QuotaViolation[] },
): QuotaExceeded {
  return new QuotaExceeded('quota_exhausted', message, {
    hint: 'The quota resets at midnight Pacific time. Until then, use another model.',
    retryAt: getNextPacificMidnight(now),
    ...details,
  });
}

/**
 * Returns, for example, `daily quota of gemini-x is used up (20 of 20 requests)`. For tokens, only the limit is shown:
 * a request is rejected if it needs more tokens than are left, so some may be left.
 */
function describeUsedUpLimit(period: string, { model, limit, unit }: QuotaViolation, requestedModel: string): string {
  const limitText =
    unit === 'tokens' ? `limit: ${limit} tokens` : `${limit} of ${limit} ${limit === 1 ? 'request' : unit}`;
  const suffix = limit === undefined ? '' : ` (${limitText})`;
  return `${period} quota of ${model ?? requestedModel} is used up${suffix}`;
}
