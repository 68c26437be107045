import { expect, test } from 'vitest';
import { getUnsupportedReason } from '../../../src/gemini/models/unsupported-reason.js';
import { createRequest } from '../gemini-fixture.js';

const json = createRequest('Hi', { parameters: { format: 'json' } });

test('a model that generates can take any request, and one that speaks Live alone any for text', () => {
  expect(getUnsupportedReason('gemini-3.8-flash', json)).toBeUndefined();
  expect(getUnsupportedReason('models/gemini-3.8-live', createRequest())).toBeUndefined();
});

test('JSON is no obstacle for a model that speaks Live alone: what it says is checked all the same', () => {
  expect(getUnsupportedReason('gemini-3.8-live', json)).toBeUndefined();
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'gemini-3.1-flash-tts-preview'])(
  '%s can take none, for it does not answer in text',
  (model) => {
    expect(getUnsupportedReason(model, createRequest())).toBe('for it does not answer in text');
  },
);
