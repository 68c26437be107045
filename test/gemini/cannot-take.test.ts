import { expect, test } from 'vitest';
import { cannotTake } from '../../src/gemini/cannot-take.js';
import { ask } from './gemini-stage.js';

const json = ask('Hi', { parameters: { format: 'json' } });

test('a model that generates can take any request, and one that speaks Live alone any for text', () => {
  expect(cannotTake('gemini-3.8-flash', json)).toBeUndefined();
  expect(cannotTake('models/gemini-3.8-live', ask())).toBeUndefined();
});

test('a model that speaks Live alone has no JSON replies', () => {
  expect(cannotTake('gemini-3.8-live', json)).toBe('for it speaks only the Live API, which has no JSON replies');
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'gemini-3.1-flash-tts-preview'])(
  '%s can take none, for it does not answer in text',
  (model) => {
    expect(cannotTake(model, ask())).toBe('for it does not answer in text');
  },
);
