import { expect, test } from 'vitest';
import { getUnsupportedReason } from '../../../src/gemini/models/unsupported-reason.js';
import { createRequest } from '../gemini-fixture.js';

const json = createRequest('Hi', { parameters: { format: 'json' } });

test('accepts a request for a REST model and a text request for a Live model', () => {
  expect(getUnsupportedReason('gemini-3.8-flash', json)).toBeUndefined();
  expect(getUnsupportedReason('models/gemini-3.8-live', createRequest())).toBeUndefined();
});

test('accepts a JSON request for a Live model, because the reply is validated anyway', () => {
  expect(getUnsupportedReason('gemini-3.8-live', json)).toBeUndefined();
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'gemini-3.1-flash-tts-preview'])(
  'rejects a request for text for %s',
  (model) => {
    expect(getUnsupportedReason(model, createRequest())).toBe('it does not generate text');
  },
);

test('accepts a model that speaks for a request to one that speaks', () => {
  const request = createRequest('Hi', { model: 'models/gemini-3.8-flash-tts' });
  expect(getUnsupportedReason('gemini-3.8-flash-lite-tts', request)).toBeUndefined();
});

test('rejects thinking that a model is known not to accept', () => {
  const thinking = (value: 'minimal' | 'high' | number) => createRequest('Hi', { parameters: { thinking: value } });
  expect(getUnsupportedReason('gemini-4-argon', thinking('minimal'))).toBe('it does not accept thinking = "minimal"');
  expect(getUnsupportedReason('models/gemini-4-argon', thinking(99))).toBe('it does not accept thinking = 99');
  expect(getUnsupportedReason('gemini-4-argon', thinking('high'))).toBeUndefined();
  expect(getUnsupportedReason('gemini-x', thinking('minimal'))).toBeUndefined();
});
