import { describe, expect, test } from 'vitest';
import { knownModels } from '../../../src/facts.js';
import { abilitiesByName, abilitiesInTable, abilitiesOf } from '../../../src/gemini/models/capabilities.js';
import type { CatalogueEntry } from '../../../src/gemini/models/model-info.js';

const generates = { generates: true, live: false };
const liveOnly = { generates: false, live: true };
const neither = { generates: false, live: false };

describe('by its name', () => {
  test.each([
    'gemini-9-live',
    'gemini-9-flash-live-preview',
    'gemini-live-9-flash-preview',
    'gemini-2.5-flash-native-audio-preview-12-2025',
    'gemini-2.5-flash-preview-native-audio-dialog',
  ])('%s speaks Live alone', (model) => {
    expect(abilitiesByName(model)).toEqual(liveOnly);
  });

  test.each(['gemini-9-flash', 'gemini-flash-latest', 'gemma-4-26b-it', 'gemini-delivery', 'gemini-9-alive', ''])(
    '%j generates',
    (model) => {
      expect(abilitiesByName(model)).toEqual(generates);
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
    expect(abilitiesByName(model)).toEqual(neither);
  });
});

test('every model of the table is known, and what it says agrees with the names', () => {
  for (const model of knownModels.keys()) expect(abilitiesInTable(model), model).toEqual(abilitiesByName(model));
  expect([...knownModels.keys()]).toEqual(expect.arrayContaining(['gemini-flash-lite-latest', 'gemini-3.8-live']));
});

test.each(['constructor', 'toString', '__proto__'])('a model called %s is not in the table', (model) => {
  expect(abilitiesInTable(model)).toBeUndefined();
});

describe('the list of the service', () => {
  const entry = (name: string, methods: string[]): CatalogueEntry => ({ name, methods });
  const entries = [
    entry('gemini-3.8-flash', ['generateContent', 'bidiGenerateContent', 'countTokens']),
    entry('gemini-9-live', ['generateContent']),
    entry('gemini-9-flash', ['bidiGenerateContent']),
    entry('gemini-9-tts', ['generateContent']),
    { ...entry('gemini-9', ['generateContent']), inputTokens: 1000, outputTokens: 100 },
  ];

  test('beats the table and the name', () => {
    expect(abilitiesOf('gemini-3.8-flash', entries)).toEqual({ generates: true, live: true, countsTokens: true });
    expect(abilitiesOf('gemini-9-live', entries)).toMatchObject(generates);
    expect(abilitiesOf('gemini-9-flash', entries)).toMatchObject(liveOnly);
  });

  test('has the limits in tokens', () => {
    expect(abilitiesOf('gemini-9', entries)).toMatchObject({ inputTokens: 1000, outputTokens: 100 });
  });

  test('says that a model which speaks generates content, but not that it does so in speech', () => {
    expect(abilitiesOf('gemini-9-tts', entries)).toMatchObject(neither);
  });

  test('leaves what it does not have to the table, and then to the name', () => {
    expect(abilitiesOf('gemini-3.8-live', entries)).toEqual(liveOnly);
    expect(abilitiesOf('gemini-10-live', entries)).toEqual(liveOnly);
    expect(abilitiesOf('gemini-10', entries)).toEqual(generates);
    expect(abilitiesOf('gemini-10')).toEqual(generates);
  });
});
