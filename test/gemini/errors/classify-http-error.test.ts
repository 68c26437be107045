import { describe, expect, test } from 'vitest';
import {
  createErrorBody,
  createErrorInfo,
  createRetryInfo,
  errorReply,
  invalidKeyError,
  overloadedError,
} from '../../helpers/gemini/errors.js';
import type { ScriptedReply } from '../../helpers/gemini/replies.js';
import { createGeminiFixture, getErrorOfBothCalls, errorTime as now } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const errorOf = (script: ScriptedReply) => getErrorOfBothCalls(fixture, script);

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

  test('names PERMISSION_DENIED in the hint if the key lacks permission', async () => {
    const error = await errorOf(errorReply(403, 'The caller does not have permission'));
    expect(error.hint).toContain('PERMISSION_DENIED');
  });

  test('names the reason in the hint if the restrictions of the key block the request', async () => {
    const error = await errorOf(errorReply(403, 'Blocked.', [createErrorInfo('API_KEY_IP_ADDRESS_BLOCKED')]));
    expect(error.hint).toContain('API_KEY_IP_ADDRESS_BLOCKED');
  });
});

describe('errors of the request', () => {
  test.each([400, 409, 413, 422])(
    'reports %i as invalid_request and not as transient, even with a RetryInfo',
    async (status) => {
      const error = await errorOf(errorReply(status, 'Unsupported MIME type: image/x.', [createRetryInfo('3s')]));
      expect(error).toMatchObject({ code: 'invalid_request', isTransient: false, retryAfterMs: undefined });
      expect(error.message).toContain('Unsupported MIME type: image/x');
    },
  );
});

test('links to the available regions if the location of the user is not supported', async () => {
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

  test('says when to try again after a 503 with Retry-After', async () => {
    const error = await errorOf(errorReply(503, 'Later.', [], { 'retry-after': '7' }));
    expect(error).toMatchObject({ retryAfterMs: 7000, retryAt: new Date(now + 7000), isTransient: true });
  });

  test.each([
    { error: null },
    { error: { code: null, status: null, message: null, details: null } },
    { error: { code: 503, status: 'UNAVAILABLE', message: null, details: [null, 1, { '@type': null }] } },
    { error: { code: '503', message: ['x'], details: {} } },
    [null],
    { detail: [null] },
    { message: null, error: [] },
  ])('reports a 503 as unavailable although its body has nulls or wrong types: %j', async (body) => {
    expect(await errorOf({ status: 503, body })).toMatchObject({ code: 'unavailable', isTransient: true });
  });

  test("describes a gateway's web page by its title", async () => {
    const body = '<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
    const error = await errorOf({ status: 502, body, headers: { 'content-type': 'text/html' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ answered 502 with a web page, "502 Bad Gateway"$/);
  });

  test('shows the body of a 502 whose JSON is invalid', async () => {
    const error = await errorOf({ status: 502, body: 'oops', headers: { 'content-type': 'application/json' } });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toContain('answered 502 with "oops"');
  });

  test('says that the body of an error is empty', async () => {
    expect((await errorOf({ status: 500, body: '' })).message).toContain('answered 500 with an empty body');
  });

  test('reports a redirect instead of following it, because its target would receive the key', async () => {
    const error = await errorOf({
      status: 307,
      body: '',
      headers: { location: 'https://elsewhere.example/x?secret=1' },
    });
    expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
    expect(error.message).toContain('answered 307, a redirect to elsewhere.example');
    expect(error.message).not.toContain('secret');
  });

  test('shows the innermost message of an error whose message is JSON', async () => {
    const inner = JSON.stringify(createErrorBody(503, 'The innermost message.'));
    const error = await errorOf(errorReply(503, JSON.stringify({ error: { message: inner, code: 503, status: '' } })));
    expect(error.message).toBe('service unavailable: 503 UNAVAILABLE, "The innermost message"');
  });

  test('classifies an error object in a response with status 200', async () => {
    expect(await errorOf({ body: createErrorBody(503, 'Later.') })).toMatchObject({
      code: 'unavailable',
      isTransient: true,
    });
  });
});
