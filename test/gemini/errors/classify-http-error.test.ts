import { describe, expect, test } from 'vitest';
import { getNextPacificMidnight } from '../../../src/driver/pacific-day.js';
import { QuotaExceeded } from '../../../src/errors.js';
import {
  createErrorBody,
  createErrorInfo,
  createRetryInfo,
  dayQuotaError,
  errorReply,
  invalidKeyError,
  minuteQuotaError,
  overloadedError,
  quotaError,
} from '../../helpers/gemini/errors.js';
import type { ScriptedReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, createRequest, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now, sleep: () => Promise.resolve() };

/** The error of a script, which must be equal for unary and streamed requests. */
async function errorOf(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const driver = fixture.driver({ clock });
  const unary = await getError(driver.generate(createRequest()));
  const { error: streamed, text } = await readStream(driver.generateStream(createRequest()));
  expect(text).toBe('');
  const pickFields = ({ code, message, hint, isTransient, retryAfterMs, retryAt }: typeof unary) => ({
    ...{ code, message, hint, isTransient, retryAfterMs, retryAt },
  });
  expect(streamed && pickFields(streamed)).toEqual(pickFields(unary));
  expect(unary.message).not.toContain('\n');
  expect(unary.cause).toBeInstanceOf(Error);
  return unary;
}

describe('errors of the API key', () => {
  test('reports an invalid key as auth', async () => {
    const error = await errorOf(invalidKeyError());
    expect(error).toMatchObject({ code: 'auth', isTransient: false });
    expect(error.message).toBe(
      'API key rejected: 400 INVALID_ARGUMENT, "API key not valid. Please pass a valid API key"',
    );
    expect(error.hint).toBe('Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.');
  });

  test('recognizes an invalid key by the message if a gateway dropped the details', async () => {
    expect(await errorOf(errorReply(400, 'API key expired. Please renew the API key.'))).toMatchObject({
      code: 'auth',
    });
  });

  test('reports 401 as auth', async () => {
    expect(await errorOf(errorReply(401, 'Invalid credentials.'))).toMatchObject({ code: 'auth', isTransient: false });
  });

  test('names the page that enables a disabled API', async () => {
    const activationUrl = 'https://console.developers.google.com/apis/api/x?project=1';
    const error = await errorOf(errorReply(403, 'Off.', [createErrorInfo('SERVICE_DISABLED', { activationUrl })]));
    expect(error).toMatchObject({ code: 'auth', isTransient: false });
    expect(error.hint).toContain('SERVICE_DISABLED');
    expect(error.hint).toContain(activationUrl);
  });

  test('names PERMISSION_DENIED in the hint', async () => {
    const error = await errorOf(errorReply(403, 'The caller does not have permission'));
    expect(error.hint).toContain('PERMISSION_DENIED');
  });

  test("names the key's restrictions", async () => {
    const error = await errorOf(errorReply(403, 'Blocked.', [createErrorInfo('API_KEY_IP_ADDRESS_BLOCKED')]));
    expect(error.hint).toContain('API_KEY_IP_ADDRESS_BLOCKED');
  });
});

describe('errors of the request', () => {
  test.each([400, 402, 409, 413, 422])('reports %i as invalid_request, never transient', async (status) => {
    const error = await errorOf(errorReply(status, 'Unsupported MIME type: image/x.', [createRetryInfo('3s')]));
    expect(error).toMatchObject({ code: 'invalid_request', isTransient: false, retryAfterMs: undefined });
    expect(error.message).toContain('Unsupported MIME type: image/x');
  });
});

test('does not blame the narrative for an unsupported location', async () => {
  const body = { error: { code: 400, status: 'FAILED_PRECONDITION', message: 'User location is not supported.' } };
  const error = await errorOf({ status: 400, body });
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.hint).toContain('available-regions');
});

describe('errors of the service', () => {
  test.each([408, 499, 500, 502, 503, 504, 529])('reports %i as unavailable and transient', async (status) => {
    const error = await errorOf(errorReply(status, 'Later.'));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain(`${status} `);
  });

  test('keeps the message of the service', async () => {
    const { message } = await errorOf(overloadedError());
    expect(message).toBe('service unavailable: 503 UNAVAILABLE, "The model is overloaded. Please try again later"');
  });

  test('keeps Retry-After of a 503', async () => {
    expect(await errorOf(errorReply(503, 'Later.', [], { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7000 });
  });

  test("summarizes a gateway's web page", async () => {
    const body = '<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
    const error = await errorOf({ status: 502, body, headers: { 'content-type': 'text/html' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ answered 502 with a web page, "502 Bad Gateway"$/);
  });

  test('describes a 502 with invalid JSON', async () => {
    const error = await errorOf({ status: 502, body: 'oops', headers: { 'content-type': 'application/json' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain('answered 502 with "oops"');
  });

  test('describes an empty body', async () => {
    expect((await errorOf({ status: 500, body: '' })).message).toContain('answered 500 with an empty body');
  });

  test('does not follow a redirect, which would get the key', async () => {
    const error = await errorOf({
      status: 307,
      body: '',
      headers: { location: 'https://elsewhere.example/x?secret=1' },
    });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    expect(error.message).toContain('answered 307, a redirect to elsewhere.example');
    expect(error.message).not.toContain('secret');
  });

  test('unwraps JSON inside JSON', async () => {
    const inner = JSON.stringify(createErrorBody(503, 'The innermost message.'));
    const error = await errorOf(errorReply(503, JSON.stringify({ error: { message: inner, code: 503, status: '' } })));
    expect(error.message).toBe('service unavailable: 503 UNAVAILABLE, "The innermost message"');
  });

  test('classifies an error with status 200', async () => {
    expect(await errorOf({ body: createErrorBody(503, 'Later.') })).toMatchObject({
      code: 'unavailable',
      isTransient: true,
    });
  });
});

describe('quota', () => {
  const quotaId = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';

  test('reports a per-minute quota as rate_limited, with the delay of RetryInfo', async () => {
    const error = await errorOf(minuteQuotaError(model, { limit: '10', retryDelay: '17s' }));
    expect(error).toBeInstanceOf(QuotaExceeded);
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 17_000 });
    expect(error.retryAt).toEqual(new Date(now + 17_000));
    expect(error.message).toBe('per-minute quota of gemini-3.8-flash is used up (10 of 10 requests)');
    expect(error).toMatchObject({
      violations: [
        {
          quotaId,
          quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
          ...{ model, limit: 10, per: 'minute', unit: 'requests' },
        },
      ],
    });
  });

  test.each([
    ['17.3s', 17_300],
    ['0.0205s', 21],
    ['0s', 0],
  ])('parses a RetryInfo of %s as %i ms', async (retryDelay, retryAfterMs) => {
    expect(await errorOf(minuteQuotaError(model, { retryDelay }))).toMatchObject({ retryAfterMs });
  });

  test.each([
    ['12', 12_000],
    [new Date(now + 30_000).toUTCString(), 30_000],
    [new Date(now - 30_000).toUTCString(), 0],
    ['soon', undefined],
  ])('parses a Retry-After of %s as %s ms', async (value, retryAfterMs) => {
    const error = await errorOf(quotaError([{ quotaId }], undefined, { 'retry-after': value }));
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs });
  });

  test('reports a daily quota as quota_exhausted until midnight Pacific, whatever the delay says', async () => {
    const error = await errorOf(dayQuotaError('gemini-3.7-flash'));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAfterMs: undefined });
    expect(error.retryAt).toEqual(getNextPacificMidnight(now));
    expect(error.message).toBe('daily quota of gemini-3.7-flash is used up (20 of 20 requests)');
  });

  test('uses the singular for a limit of one', async () => {
    const error = await errorOf(dayQuotaError('gemini-3.7-flash', { limit: '1' }));
    expect(error.message).toContain('(1 of 1 request)');
  });

  test('prefers a daily quota to a per-minute one, in any order and without values', async () => {
    const day = { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' };
    const error = await errorOf(quotaError([{ quotaId, quotaValue: '10' }, day], '7s'));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false });
    expect(error).toMatchObject({ violations: [{ per: 'minute', limit: 10 }, { per: 'day' }] });
  });

  test('reports a limit of 0 as no free tier', async () => {
    const error = await errorOf(minuteQuotaError('gemini-3.1-pro-preview', { limit: '0' }));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAt: undefined });
    expect(error.message).toBe('gemini-3.1-pro-preview has no free tier: its limit is 0');
  });

  test('names a token limit', async () => {
    const tokens = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
    const error = await errorOf(quotaError([{ quotaId: tokens, quotaValue: '250000', model }]));
    expect(error.message).toContain('(limit: 250000 tokens)');
    expect(error).toMatchObject({ violations: [{ unit: 'tokens', per: 'minute', limit: 250_000 }] });
  });

  test('reports a 429 without details as rate_limited and transient', async () => {
    const error = await errorOf(errorReply(429, 'Resource has been exhausted (e.g. check quota).'));
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: undefined, violations: [] });
    expect(error.message).toContain('Resource has been exhausted');
  });

  test('reads the limit of an older 429 from ErrorInfo', async () => {
    const metadata = { quota_limit: 'GenerateRequestsPerDayPerProject', quota_limit_value: '50' };
    const error = await errorOf(errorReply(429, 'Quota.', [createErrorInfo('RATE_LIMIT_EXCEEDED', metadata)]));
    expect(error).toMatchObject({ code: 'quota_exhausted', violations: [{ per: 'day', limit: 50 }] });
  });

  test('reports a 429 without JSON as rate_limited', async () => {
    const error = await errorOf({ status: 429, body: 'slow down', headers: { 'retry-after': '1' } });
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 1000 });
  });
});
