import { expect, test } from 'vitest';
import { getNextPacificMidnight } from '../../../src/driver/pacific-day.js';
import { QuotaExceeded } from '../../../src/errors.js';
import { classifyQuotaText } from '../../../src/gemini/errors/classify-quota-error.js';
import {
  createErrorInfo,
  createRetryInfo,
  dayQuotaError,
  errorReply,
  minuteQuotaError,
  quotaError,
} from '../../helpers/gemini/errors.js';
import type { ScriptedReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, getErrorOfBothCalls, model, errorTime as now } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

/** Sends a unary and a streamed request, checks that both fail with the same quota error, and returns it. */
async function errorOf(script: ScriptedReply) {
  const error = await getErrorOfBothCalls(fixture, script);
  expect(error).toBeInstanceOf(QuotaExceeded);
  return error as QuotaExceeded;
}

const requestsPerMinuteId = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';
const requestsPerDayId = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';
const tokensPerMinuteId = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';

test('reports a used-up per-minute quota as rate_limited, with the delay of RetryInfo', async () => {
  const error = await errorOf(minuteQuotaError(model, { limit: '10', retryDelay: '17s' }));
  expect(error).toBeInstanceOf(QuotaExceeded);
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 17_000 });
  expect(error.retryAt).toEqual(new Date(now + 17_000));
  expect(error.message).toBe('per-minute quota of gemini-3.8-flash is used up (10 of 10 requests)');
  expect(error).toMatchObject({
    violations: [
      {
        quotaId: requestsPerMinuteId,
        quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
        ...{ model, limit: 10, per: 'minute', unit: 'requests' },
      },
    ],
  });
});

test.each([
  ['17.3s', 17_300],
  ['0.0205s', 21],
])('parses a RetryInfo of %s as %i ms', async (retryDelay, retryAfterMs) => {
  expect(await errorOf(minuteQuotaError(model, { retryDelay }))).toMatchObject({ retryAfterMs });
});

test.each([
  ['12', 'a delay of 12 s', 12_000],
  [new Date(now + 30_000).toUTCString(), 'a delay of 30 s', 30_000],
  [new Date(now - 30_000).toUTCString(), 'no delay', undefined],
  ['0', 'no delay', undefined],
  ['soon', 'no delay', undefined],
])('parses a Retry-After of %s as %s', async (value, _, retryAfterMs) => {
  const error = await errorOf(quotaError([{ quotaId: requestsPerMinuteId }], undefined, { 'retry-after': value }));
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs });
});

test('reports a used-up daily quota as quota_exhausted until midnight Pacific, and ignores the delay of RetryInfo', async () => {
  const error = await errorOf(dayQuotaError('gemini-3.7-flash'));
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAfterMs: undefined });
  expect(error.retryAt).toEqual(getNextPacificMidnight(now));
  expect(error.message).toBe('daily quota of gemini-3.7-flash is used up (20 of 20 requests)');
});

test('uses the singular for a limit of one', async () => {
  const error = await errorOf(dayQuotaError('gemini-3.7-flash', { limit: '1' }));
  expect(error.message).toContain('(1 of 1 request)');
});

test('reports the daily quota if the error names a daily and a per-minute quota, even if only the per-minute one has a number', async () => {
  const day = { quotaId: requestsPerDayId };
  const error = await errorOf(quotaError([{ quotaId: requestsPerMinuteId, quotaValue: '10' }, day], '7s'));
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false });
  expect(error).toMatchObject({ violations: [{ per: 'minute', limit: 10 }, { per: 'day' }] });
});

test('reports a limit of 0 as no free tier', async () => {
  const error = await errorOf(minuteQuotaError('gemini-3.1-pro-preview', { limit: '0' }));
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAt: undefined });
  expect(error.message).toBe('gemini-3.1-pro-preview has no free tier: its limit is 0');
});

test('names a limit of tokens per minute in the message', async () => {
  const error = await errorOf(quotaError([{ quotaId: tokensPerMinuteId, quotaValue: '250000', model }]));
  expect(error.message).toContain('(limit: 250000 tokens)');
  expect(error).toMatchObject({ violations: [{ unit: 'tokens', per: 'minute', limit: 250_000 }] });
});

test('reports a 429 without details as rate_limited and transient', async () => {
  const error = await errorOf(errorReply(429, 'Resource has been exhausted (e.g. check quota).'));
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: undefined, violations: [] });
  expect(error.message).toContain('Resource has been exhausted');
});

test('reads the limit from ErrorInfo if the 429 has an older format', async () => {
  const metadata = { quota_limit: 'GenerateRequestsPerDayPerProject', quota_limit_value: '50' };
  const error = await errorOf(errorReply(429, 'Quota.', [createErrorInfo('RATE_LIMIT_EXCEEDED', metadata)]));
  expect(error).toMatchObject({ code: 'quota_exhausted', violations: [{ per: 'day', limit: 50 }] });
});

test('reports a 429 without JSON as rate_limited', async () => {
  const error = await errorOf({ status: 429, body: 'slow down', headers: { 'retry-after': '1' } });
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 1000 });
});

// Google's texts, as quoted in public bug reports of 2026.
const creditsText =
  'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing. Learn more at https://ai.google.dev/gemini-api/docs/billing#prepay.';
const projectCapText =
  'Your project has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/spend to manage your project spend cap. Learn more at https://ai.google.dev/gemini-api/docs/billing#project-spend-caps. ';
const accountCapText =
  'Your billing account has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/billing to manage your billing. Learn more at https://ai.google.dev/gemini-api/docs/billing#tier-spend-caps. ';
const billingOffText = 'This API method requires billing to be enabled. Please enable billing on project #123.';
const spendRateText =
  "You exceeded your spend-based rate limit. Your spending rate has exceeded the allowed limit for your account's billing history and tier.";

const moneyErrors: [kind: string, status: number, text: string, message: RegExp, page: string][] = [
  [
    'depleted credits',
    429,
    creditsText,
    /^the project's prepaid credits are used up \(429, "Your/,
    'https://ai.studio/projects',
  ],
  [
    'depleted credits',
    402,
    creditsText,
    /^the project's prepaid credits are used up \(402, "Your/,
    'https://ai.studio/projects',
  ],
  [
    'the exceeded spending cap of the project',
    429,
    projectCapText,
    /^the project's monthly spending cap/,
    'https://ai.studio/spend',
  ],
  [
    'the exceeded spending cap of the account',
    429,
    accountCapText,
    /spending cap of the billing account/,
    'https://ai.studio/billing',
  ],
  ['billing turned off', 403, billingOffText, /^billing is turned off/, 'https://ai.studio/projects'],
];

test.each(moneyErrors)(
  'reports %s (%i) as not transient and project-wide, with the page that helps',
  async (_, status, text, message, page) => {
    // A retry delay must not make the error transient.
    for (const details of [[], [createRetryInfo('7s')]]) {
      const error = await errorOf(errorReply(status, text, details));
      expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, isProjectWide: true, violations: [] });
      expect(error).toMatchObject({ retryAt: undefined, retryAfterMs: undefined });
      expect(error.message).toMatch(message);
      expect(error.hint).toContain(page);
      expect(error.hint).toContain('another model does not help');
    }
  },
);

test('reports an HTTP 402 of a gateway as not transient and project-wide, and names the gateway', async () => {
  const error = await errorOf({ status: 402, body: { error: { message: 'Pay first.' } } });
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, isProjectWide: true });
  expect(error.message).toMatch(/^127\.0\.0\.1:\d+ asks for payment \(402, "Pay first"\)$/);
  expect(error.hint).toMatch(/your account at 127\.0\.0\.1:\d+\.$/);
});

test('reports the spend-based limit as transient and as a limit of the whole project', async () => {
  const error = await errorOf(errorReply(429, spendRateText));
  expect(error).toMatchObject({
    code: 'rate_limited',
    isTransient: true,
    isProjectWide: true,
    retryAfterMs: undefined,
  });
  expect(error.message).toMatch(/^the project's spend-based rate limit is reached \(429, "You exceeded/);
  expect(error.hint).toContain('10 minutes ($10 in tier 1, $50 in tier 2, $200 in tier 3)');
  expect(await errorOf(errorReply(429, spendRateText, [createRetryInfo('31s')]))).toMatchObject({
    retryAfterMs: 31_000,
    retryAt: new Date(now + 31_000),
  });
});

const requestMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_requests';
const tokenMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';

/**
 * Creates a 429 with exactly the given violations, and a message that ends with the given lines. A violation may lack
 * its limit: Google omits a limit of 0, because proto3 omits a field whose value is 0.
 */
function createRejection(violations: object[], ...lines: string[]): ScriptedReply {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations }];
  return errorReply(429, ['You exceeded your current quota.', ...lines].join('\n'), details);
}

test('treats a missing limit as 0 only if the text states a limit of 0', async () => {
  const violations = [
    { quotaMetric: tokenMetric, quotaId: tokensPerMinuteId, quotaDimensions: { model: 'gemini-3.1-pro' } },
    { quotaMetric: requestMetric, quotaId: requestsPerMinuteId, quotaDimensions: { model: 'gemini-3.1-pro' } },
    { quotaMetric: requestMetric, quotaId: requestsPerDayId, quotaDimensions: { model: 'gemini-3.1-pro' } },
  ];
  const zero = await errorOf(
    createRejection(
      violations,
      `* Quota exceeded for metric: ${requestMetric}, limit: 0, model: gemini-3.1-pro`,
      'Please retry in 25.4s.',
    ),
  );
  expect(zero.message).toBe('gemini-3.1-pro has no free tier: its limit is 0');
  expect(zero).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAt: undefined });
  expect(zero.violations.map(({ limit }) => limit)).toEqual([undefined, 0, 0]);
  const unknown = await errorOf(createRejection(violations));
  expect(unknown.message).toBe('daily quota of gemini-3.1-pro is used up');
  const minute = await errorOf(
    createRejection(violations.slice(1, 2), `* Quota exceeded for metric: ${requestMetric}, limit: 0`),
  );
  expect(minute.message).toBe('gemini-3.1-pro has no free tier: its limit is 0');
});

test.each([null, '', ' ', 'many', {}, -1])('treats a limit of %j as unknown', async (quotaValue) => {
  const error = await errorOf(createRejection([{ quotaId: requestsPerMinuteId, quotaValue }]));
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true });
  expect(error.violations).toEqual([{ quotaId: requestsPerMinuteId, per: 'minute', unit: 'requests' }]);
});

test('reads a limit other than 0 from the text only if a single violation has the metric that the text names', async () => {
  const line = `* Quota exceeded for metric: ${requestMetric}, limit: 20, model: m`;
  const day = { quotaMetric: requestMetric, quotaId: requestsPerDayId };
  expect((await errorOf(createRejection([day], line))).message).toContain('(20 of 20 requests)');
  const both = await errorOf(
    createRejection([day, { quotaMetric: requestMetric, quotaId: requestsPerMinuteId }], line),
  );
  expect(both.violations.map(({ limit }) => limit)).toEqual([undefined, undefined]);
});

test.each([
  "Quota exceeded for quota metric 'Generate requests' and limit 'GenerateRequestsPerDay' of service 'generativelanguage.googleapis.com'",
  'Resource exhausted: the daily limit was reached',
  `Quota exceeded for metric: generativelanguage.googleapis.com/generate_requests_per_model_per_day, limit: 50, model: gemini-x`,
])('reads from the text alone that a limit is daily: %s', async (text) => {
  const error = await errorOf(errorReply(429, text));
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAt: getNextPacificMidnight(now) });
  expect(error.violations).toMatchObject([{ per: 'day' }]);
  expect(error.message).toMatch(/^daily quota of /);
});

test('reports a text with a daily and a per-minute limit as rate_limited, unless Google states that both are exceeded', async () => {
  const gateway = await errorOf(errorReply(429, 'Rate limit exceeded: 10 requests per minute (daily limit: 1000).'));
  expect(gateway).toMatchObject({ code: 'rate_limited', isTransient: true, violations: [] });
  const line = '* Quota exceeded for metric: generate_requests_per';
  const google = await errorOf(errorReply(429, `Quota.\n${line}_minute, limit: 5\n${line}_day, limit: 20`));
  expect(google.code).toBe('quota_exhausted');
});

test.each([
  ['Please retry in 38.9s.', 38_900],
  ['Please retry in 592.23ms.', 593],
  ['Please retry in 1m2.5s.', 62_500],
  ['Please try again in 20 seconds.', 20_000],
  ['Please retry in 0s.', undefined],
  ['Please try again later.', undefined],
])('reads the delay from the text if there are no details: %s', async (text, retryAfterMs) => {
  const error = await errorOf(errorReply(429, `You exceeded your current quota. ${text}`));
  expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs });
});

test('reports a delay of hours as quota_exhausted, with the time of the next try', async () => {
  const line = `* Quota exceeded for metric: ${requestMetric}, limit: 20, model: m`;
  const error = await errorOf(errorReply(429, `${line}\nPlease retry in 19h34m29.5s.`));
  expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false });
  expect(error.retryAt).toEqual(new Date(now + ((19 * 60 + 34) * 60 + 29.5) * 1000));
});

test.each([undefined, '7'])(
  'prefers the delay of the header to that in the text, and ignores a RetryInfo of 0 s (Retry-After: %s)',
  async (header) => {
    const details = [createRetryInfo('0s')];
    const script = errorReply(
      429,
      'Please retry in 9s.',
      details,
      header === undefined ? undefined : { 'retry-after': header },
    );
    expect(await errorOf(script)).toMatchObject({ retryAfterMs: header === undefined ? 9000 : 7000 });
    expect(await errorOf(minuteQuotaError(model, { retryDelay: '0s' }))).toMatchObject({ retryAfterMs: undefined });
  },
);

test.each([
  [[null]],
  [[{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: null }]],
  [
    [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [null, 1, { quotaId: null, quotaDimensions: null }],
      },
    ],
  ],
  [[{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: null }, { '@type': null }]],
])('reports a 429 as rate_limited although its details have wrong types: %j', async (details) => {
  expect(await errorOf(errorReply(429, 'Slow down.', details as object[]))).toMatchObject({ code: 'rate_limited' });
});

test('says who answered if a 429 is not from Gemini', async () => {
  const body = '<html><head><title>Too Many Requests</title></head></html>';
  const error = await errorOf({ status: 429, body, headers: { 'content-type': 'text/html' } });
  expect(error.message).toMatch(/\(127\.0\.0\.1:\d+ answered 429 with a web page, "Too Many Requests"\)$/);
});

test.each([
  ['Your prepayment credits are depleted. Please go to AI Studio at', 'quota_exhausted', true],
  ['Quota exceeded for quota metric requests per day', 'quota_exhausted', false],
  ['You exceeded your spend-based rate limit.', 'rate_limited', true],
  ['You exceeded your current quota, please check your plan and billing details.', undefined, false],
])('classifies a text without a status: %s', (text, code, isProjectWide) => {
  const error = classifyQuotaText(text, { model, description: `1011, "${text}"`, now, cause: new Error('closed') });
  expect(error?.code).toBe(code);
  expect(error?.isProjectWide ?? false).toBe(isProjectWide);
});
