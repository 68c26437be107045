import { describe, expect, test } from 'vitest';
import { builtInModels } from '../../../src/facts/models.js';
import { getBuiltInCapabilities, getCapabilities, guessCapabilities } from '../../../src/gemini/models/capabilities.js';
import type { ModelInfo } from '../../../src/gemini/models/model-info.js';

const generateOnly = { supportsGenerate: true, supportsLive: false };
const liveOnly = { supportsGenerate: false, supportsLive: true };
const neither = { supportsGenerate: false, supportsLive: false };

describe('guessed from the name', () => {
  test.each([
    'gemini-9-live',
    'gemini-9-flash-live-preview',
    'gemini-live-9-flash-preview',
    'gemini-2.5-flash-native-audio-preview-12-2025',
    'gemini-2.5-flash-preview-native-audio-dialog',
  ])('%s supports only Live', (model) => {
    expect(guessCapabilities(model)).toEqual(liveOnly);
  });

  test.each([
    'gemini-9-flash',
    'gemini-flash-latest',
    'gemma-4-26b-it',
    'gemini-delivery',
    'gemini-9-alive',
    'gemini-9-tts',
    '',
  ])('%j supports generateContent', (model) => {
    expect(guessCapabilities(model)).toEqual(generateOnly);
  });

  test.each([
    'gemini-embedding-2',
    'text-embedding-004',
    'imagen-4.0-generate-001',
    'veo-3.1-generate-001',
    'lyria-3.5',
  ])('%s supports neither generateContent nor Live', (model) => {
    expect(guessCapabilities(model)).toEqual(neither);
  });
});

test('the built-in facts and the name agree on the capabilities of every built-in model', () => {
  for (const model of builtInModels.keys())
    expect(getBuiltInCapabilities(model), model).toEqual(guessCapabilities(model));
  expect([...builtInModels.keys()]).toEqual(expect.arrayContaining(['gemini-flash-lite-latest', 'gemini-3.8-live']));
});

test.each(['constructor', 'toString', '__proto__'])('does not find %s in the built-in facts', (model) => {
  expect(getBuiltInCapabilities(model)).toBeUndefined();
});

describe('getCapabilities with the list of the service', () => {
  const entry = (name: string, methods: string[]): ModelInfo => ({ name, methods });
  const entries = [
    entry('gemini-3.8-flash', ['generateContent', 'bidiGenerateContent', 'countTokens']),
    entry('gemini-9-live', ['generateContent']),
    entry('gemini-9-flash', ['bidiGenerateContent']),
    entry('gemini-embedding-9', ['generateContent']),
  ];

  test('prefers the list to the built-in facts and the name', () => {
    expect(getCapabilities('gemini-3.8-flash', entries)).toEqual({
      supportsGenerate: true,
      supportsLive: true,
      supportsCountTokens: true,
    });
    expect(getCapabilities('gemini-9-live', entries)).toMatchObject(generateOnly);
    expect(getCapabilities('gemini-9-flash', entries)).toMatchObject(liveOnly);
  });

  test('says that an embedding model supports neither API, even if the list says that it supports generateContent', () => {
    expect(getCapabilities('gemini-embedding-9', entries)).toMatchObject(neither);
  });

  test('falls back to the built-in facts, then to the name', () => {
    expect(getCapabilities('gemini-3.8-live', entries)).toEqual(liveOnly);
    expect(getCapabilities('gemini-10-live', entries)).toEqual(liveOnly);
    expect(getCapabilities('gemini-10', entries)).toEqual(generateOnly);
    expect(getCapabilities('gemini-10')).toEqual(generateOnly);
  });
});
