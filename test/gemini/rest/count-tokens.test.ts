import { expect, test } from 'vitest';
import { createGeminiFixture, createRequest, getError } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

test('counts the tokens of the prompt and the system prompt together, and does not call beforeSending', async () => {
  const request = createRequest('Say hello.', { system: 'Be brief.', parameters: { maxTokens: 5 } });
  const tokens = await fixture
    .driver()
    .countTokens?.(request, { beforeSending: () => Promise.reject(new Error('no')) });
  const [sent] = fixture.server.requests;
  expect(fixture.server.requests).toHaveLength(1);
  expect(sent).toMatchObject({ action: 'countTokens', model: 'gemini-3.8-flash' });
  const [system, prompt] = ['Be brief.', 'Say hello.'].map((text) => ({ role: 'user', parts: [{ text }] }));
  expect(sent?.body).toEqual({ contents: [system, prompt] });
  // The server counts one token for four characters of the body.
  expect(tokens).toBe(Math.ceil(JSON.stringify(sent?.body).length / 4));
});

test('does not count for the Live API', async () => {
  const request = createRequest('Say hello.', { model: 'gemini-3.8-live' });
  expect(await fixture.driver().countTokens?.(request)).toBeUndefined();
  expect(fixture.server.requests).toEqual([]);
});

test('rejects for an unknown model, with an error that does not contain the key', async () => {
  const request = createRequest('Say hello.', { model: 'gemini-none' });
  const error = await getError(fixture.driver().countTokens?.(request) ?? Promise.resolve());
  expect(error.code).toBe('model_not_found');
  expect(JSON.stringify([error.message, error.hint])).not.toContain('test-key');
});
