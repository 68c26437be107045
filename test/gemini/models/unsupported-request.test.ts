import { expect, test } from 'vitest';
import { cannotTake } from '../../../src/gemini/models/unsupported-request.js';
import { ask } from '../gemini-stage.js';

const json = ask('Hi', { parameters: { format: 'json' } });

test('a model that generates can take any request, and one that speaks Live alone any for text', () => {
  expect(cannotTake('gemini-3.8-flash', json)).toBeUndefined();
  expect(cannotTake('models/gemini-3.8-live', ask())).toBeUndefined();
});

test('JSON is no obstacle for a model that speaks Live alone: what it says is checked all the same', () => {
  expect(cannotTake('gemini-3.8-live', json)).toBeUndefined();
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'gemini-3.1-flash-tts-preview'])(
  '%s can take none, for it does not answer in text',
  (model) => {
    expect(cannotTake(model, ask())).toBe('for it does not answer in text');
  },
);
