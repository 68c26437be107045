import { describe, expect, test } from 'vitest';
import { builtInModels } from '../../../src/facts/models.js';
import { getCapabilities, getKnownCapabilities, guessCapabilities } from '../../../src/gemini/models/capabilities.js';
import type { ModelInfo } from '../../../src/gemini/models/model-info.js';

const generates = { supportsGenerate: true, supportsLive: false };
const liveOnly = { supportsGenerate: false, supportsLive: true };
const neither = { supportsGenerate: false, supportsLive: false };

describe('by its name', () => {
  test.each([
    'gemini-9-live',
    'gemini-9-flash-live-preview',
    'gemini-live-9-flash-preview',
    'gemini-2.5-flash-native-audio-preview-12-2025',
    'gemini-2.5-flash-preview-native-audio-dialog',
  ])('%s speaks Live alone', (model) => {
    expect(guessCapabilities(model)).toEqual(liveOnly);
  });

  test.each(['gemini-9-flash', 'gemini-flash-latest', 'gemma-4-26b-it', 'gemini-delivery', 'gemini-9-alive', ''])(
    '%j generates',
    (model) => {
      expect(guessCapabilities(model)).toEqual(generates);
    },
  );

  test.each([
    'gemini-embedding-2',
    'text-embedding-004',
    'imagen-4.0-generate-001',
    'veo-3.1-generate-001',
    'lyria-3.5',
    'gemini-3.1-flash-tts-preview',
    'gemini-3.8-flash-lite-tts',
  ])('%s does neither', (model) => {
    expect(guessCapabilities(model)).toEqual(neither);
  });
});

test('every model of the table is known, and what it says agrees with the names', () => {
  for (const model of builtInModels.keys())
    expect(getKnownCapabilities(model), model).toEqual(guessCapabilities(model));
  expect([...builtInModels.keys()]).toEqual(expect.arrayContaining(['gemini-flash-lite-latest', 'gemini-3.8-live']));
});

test.each(['constructor', 'toString', '__proto__'])('a model called %s is not in the table', (model) => {
  expect(getKnownCapabilities(model)).toBeUndefined();
});

describe('the list of the service', () => {
  const entry = (name: string, methods: string[]): ModelInfo => ({ name, methods });
  const entries = [
    entry('gemini-3.8-flash', ['generateContent', 'bidiGenerateContent', 'countTokens']),
    entry('gemini-9-live', ['generateContent']),
    entry('gemini-9-flash', ['bidiGenerateContent']),
    entry('gemini-9-tts', ['generateContent']),
    { ...entry('gemini-9', ['generateContent']), inputTokens: 1000, outputTokens: 100 },
  ];

  test('beats the table and the name', () => {
    expect(getCapabilities('gemini-3.8-flash', entries)).toEqual({
      supportsGenerate: true,
      supportsLive: true,
      supportsCountTokens: true,
    });
    expect(getCapabilities('gemini-9-live', entries)).toMatchObject(generates);
    expect(getCapabilities('gemini-9-flash', entries)).toMatchObject(liveOnly);
  });

  test('has the limits in tokens', () => {
    expect(getCapabilities('gemini-9', entries)).toMatchObject({ inputTokens: 1000, outputTokens: 100 });
  });

  test('says that a model which speaks generates content, but not that it does so in speech', () => {
    expect(getCapabilities('gemini-9-tts', entries)).toMatchObject(neither);
  });

  test('leaves what it does not have to the table, and then to the name', () => {
    expect(getCapabilities('gemini-3.8-live', entries)).toEqual(liveOnly);
    expect(getCapabilities('gemini-10-live', entries)).toEqual(liveOnly);
    expect(getCapabilities('gemini-10', entries)).toEqual(generates);
    expect(getCapabilities('gemini-10')).toEqual(generates);
  });
});
