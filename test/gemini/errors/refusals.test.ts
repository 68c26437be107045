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
} from '../../helpers/gemini-errors.js';
import type { ScriptedReply } from '../../helpers/gemini-replies.js';
import { createGeminiFixture, createRequest, getError, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now, sleep: () => Promise.resolve() };

/** What both ways of asking fail with: it must be the same. */
async function refused(script: ScriptedReply) {
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

describe('what the key is to blame for', () => {
  test('an invalid key is auth', async () => {
    const error = await refused(invalidKeyError());
    expect(error).toMatchObject({ code: 'auth', isTransient: false });
    expect(error.message).toBe(
      'the service refused the API key: 400 INVALID_ARGUMENT, API key not valid. Please pass a valid API key',
    );
    expect(error.hint).toContain('GEMINI_API_KEY');
  });

  test('an invalid key is known by its message where a gateway dropped the details', async () => {
    expect(await refused(errorReply(400, 'API key expired. Please renew the API key.'))).toMatchObject({
      code: 'auth',
    });
  });

  test('401 is auth', async () => {
    expect(await refused(errorReply(401, 'Invalid credentials.'))).toMatchObject({ code: 'auth', isTransient: false });
  });

  test('403 for an API that is off says where to turn it on', async () => {
    const activationUrl = 'https://console.developers.google.com/apis/api/x?project=1';
    const error = await refused(errorReply(403, 'Off.', [createErrorInfo('SERVICE_DISABLED', { activationUrl })]));
    expect(error).toMatchObject({ code: 'auth', isTransient: false });
    expect(error.hint).toContain('SERVICE_DISABLED');
    expect(error.hint).toContain(activationUrl);
  });

  test('403 PERMISSION_DENIED says so in the hint', async () => {
    const error = await refused(errorReply(403, 'The caller does not have permission'));
    expect(error.hint).toContain('PERMISSION_DENIED');
  });

  test("403 for the key's restrictions names them", async () => {
    const error = await refused(errorReply(403, 'Blocked.', [createErrorInfo('API_KEY_IP_ADDRESS_BLOCKED')]));
    expect(error.hint).toContain('API_KEY_IP_ADDRESS_BLOCKED');
  });
});

describe('what the request is to blame for', () => {
  test.each([400, 402, 409, 413, 422])('%i is invalid_request and never passing', async (status) => {
    const error = await refused(errorReply(status, 'Unsupported MIME type: image/x.', [createRetryInfo('3s')]));
    expect(error).toMatchObject({ code: 'invalid_request', isTransient: false, retryAfterMs: undefined });
    expect(error.message).toContain('Unsupported MIME type: image/x');
  });
});

test('a refusal for the place does not blame the narrative', async () => {
  const body = { error: { code: 400, status: 'FAILED_PRECONDITION', message: 'User location is not supported.' } };
  const error = await refused({ status: 400, body });
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.hint).toContain('available-regions');
});

describe('what the service is to blame for', () => {
  test.each([408, 499, 500, 502, 503, 504, 529])('%i is unavailable and passing', async (status) => {
    const error = await refused(errorReply(status, 'Later.'));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain(`${status} `);
  });

  test('an overload keeps the words of Google', async () => {
    const { message } = await refused(overloadedError());
    expect(message).toBe(
      'the service is not available: 503 UNAVAILABLE, The model is overloaded. Please try again later',
    );
  });

  test('Retry-After of a 503 is kept', async () => {
    expect(await refused(errorReply(503, 'Later.', [], { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7000 });
  });

  test("a gateway's page gets a short message", async () => {
    const body = '<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
    const error = await refused({ status: 502, body, headers: { 'content-type': 'text/html' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ answered 502 with a web page, "502 Bad Gateway"$/);
  });

  test('a 502 that says it is JSON and is none is no SyntaxError', async () => {
    const error = await refused({ status: 502, body: 'oops', headers: { 'content-type': 'application/json' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain('answered 502 with "oops"');
  });

  test('an empty body is told as such', async () => {
    expect((await refused({ status: 500, body: '' })).message).toContain('answered 500 with an empty body');
  });

  test('a redirect is not followed, for it would take the key along', async () => {
    const error = await refused({
      status: 307,
      body: '',
      headers: { location: 'https://elsewhere.example/x?secret=1' },
    });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    expect(error.message).toContain('answered 307, go to elsewhere.example');
    expect(error.message).not.toContain('secret');
  });

  test('JSON inside JSON is unwrapped', async () => {
    const inner = JSON.stringify(createErrorBody(503, 'The innermost words.'));
    const error = await refused(errorReply(503, JSON.stringify({ error: { message: inner, code: 503, status: '' } })));
    expect(error.message).toBe('the service is not available: 503 UNAVAILABLE, The innermost words');
  });

  test('an error with status 200 is that error', async () => {
    expect(await refused({ body: createErrorBody(503, 'Later.') })).toMatchObject({
      code: 'unavailable',
      isTransient: true,
    });
  });
});

describe('quota', () => {
  const quotaId = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';

  test("a minute's quota is rate_limited and waits as RetryInfo says", async () => {
    const error = await refused(minuteQuotaError(model, { limit: '10', retryDelay: '17s' }));
    expect(error).toBeInstanceOf(QuotaExceeded);
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 17_000 });
    expect(error.retryAt).toEqual(new Date(now + 17_000));
    expect(error.message).toBe("the minute's quota of gemini-3.8-flash is used up (10 requests a minute)");
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
  ])('a RetryInfo of %s is %i ms', async (retryDelay, retryAfterMs) => {
    expect(await refused(minuteQuotaError(model, { retryDelay }))).toMatchObject({ retryAfterMs });
  });

  test.each([
    ['12', 12_000],
    [new Date(now + 30_000).toUTCString(), 30_000],
    [new Date(now - 30_000).toUTCString(), 0],
    ['soon', undefined],
  ])('without RetryInfo a Retry-After of %s is %s ms', async (value, retryAfterMs) => {
    const error = await refused(quotaError([{ quotaId }], undefined, { 'retry-after': value }));
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs });
  });

  test("a day's quota is quota_exhausted until midnight Pacific, whatever its delay says", async () => {
    const error = await refused(dayQuotaError('gemini-3.7-flash'));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAfterMs: undefined });
    expect(error.retryAt).toEqual(getNextPacificMidnight(now));
    expect(error.message).toBe("the day's quota of gemini-3.7-flash is used up (20 requests a day)");
  });

  test('a limit of one is told in the singular', async () => {
    const error = await refused(dayQuotaError('gemini-3.7-flash', { limit: '1' }));
    expect(error.message).toContain('(1 request a day)');
  });

  test("a day's quota wins over a minute's, in any order and without values", async () => {
    const day = { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' };
    const error = await refused(quotaError([{ quotaId, quotaValue: '10' }, day], '7s'));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false });
    expect(error).toMatchObject({ violations: [{ per: 'minute', limit: 10 }, { per: 'day' }] });
  });

  test('a limit of 0 means that the model has no free tier', async () => {
    const error = await refused(minuteQuotaError('gemini-3.1-pro-preview', { limit: '0' }));
    expect(error).toMatchObject({ code: 'quota_exhausted', isTransient: false, retryAt: undefined });
    expect(error.message).toBe('gemini-3.1-pro-preview has no free tier: its limit is 0');
  });

  test('tokens a minute are told as tokens', async () => {
    const tokens = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
    const error = await refused(quotaError([{ quotaId: tokens, quotaValue: '250000', model }]));
    expect(error.message).toContain('(250000 tokens a minute)');
    expect(error).toMatchObject({ violations: [{ unit: 'tokens', per: 'minute', limit: 250_000 }] });
  });

  test('a 429 without details is rate_limited and passing', async () => {
    const error = await refused(errorReply(429, 'Resource has been exhausted (e.g. check quota).'));
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: undefined, violations: [] });
    expect(error.message).toContain('Resource has been exhausted');
  });

  test('an older 429 names its limit in ErrorInfo', async () => {
    const metadata = { quota_limit: 'GenerateRequestsPerDayPerProject', quota_limit_value: '50' };
    const error = await refused(errorReply(429, 'Quota.', [createErrorInfo('RATE_LIMIT_EXCEEDED', metadata)]));
    expect(error).toMatchObject({ code: 'quota_exhausted', violations: [{ per: 'day', limit: 50 }] });
  });

  test('a 429 with a body that is no JSON is rate_limited', async () => {
    const error = await refused({ status: 429, body: 'slow down', headers: { 'retry-after': '1' } });
    expect(error).toMatchObject({ code: 'rate_limited', isTransient: true, retryAfterMs: 1000 });
  });
});
