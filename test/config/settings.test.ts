import { expect, test } from 'vitest';
import { settingsFrom } from '../../src/config/settings.js';

test('GEMINI_API_KEY comes before GOOGLE_API_KEY, and an empty one is none', () => {
  expect(settingsFrom({ GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b' }).apiKey).toBe('a');
  expect(settingsFrom({ GEMINI_API_KEY: ' ', GOOGLE_API_KEY: 'b\n' }).apiKey).toBe('b');
  expect(settingsFrom({})).not.toHaveProperty('apiKey');
});

test('BOTICELLI_MODEL is the model of acts that name none; what can be no name is refused', () => {
  expect(settingsFrom({ BOTICELLI_MODEL: 'models/gemini-3.8-flash' }).defaultModel).toBe('gemini-3.8-flash');
  expect(() => settingsFrom({ BOTICELLI_MODEL: 'gemini 3' })).toThrowError(
    expect.objectContaining({ code: 'invalid_config' }),
  );
});
