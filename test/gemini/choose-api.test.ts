import { expect, test } from 'vitest';
import { createLiveApiPredicate } from '../../src/gemini/choose-api.js';
import type { ModelInfo } from '../../src/gemini/models/model-info.js';

/**
 * Creates `usesLive`. That function says whether a model uses the Live API, and may read a cached model list, which has
 * the given entries. Without `entries` there is no list. `listReads` counts how often the list is read.
 */
function createPredicate({ entries, preferLive = false }: { entries?: ModelInfo[]; preferLive?: boolean } = {}) {
  const listReads = { count: 0 };
  const read = async () => {
    listReads.count += 1;
    return entries && { entries, listedAt: 0 };
  };
  return { usesLive: createLiveApiPredicate({ modelListCache: { read }, preferLive }), listReads };
}

const modelWithBothApis = { name: 'gemini-both-apis', methods: ['generateContent', 'bidiGenerateContent'] };
const builtInWithBothApis = { ...modelWithBothApis, name: 'gemini-3.8-flash' };
const liveOnly = { name: 'gemini-talk', methods: ['bidiGenerateContent'] };

test('decides by the built-in facts for a built-in model, without reading the list', () => {
  const { usesLive, listReads } = createPredicate({ entries: [modelWithBothApis] });
  expect(usesLive('gemini-3.8-live')).toBe(true);
  expect(usesLive('models/gemini-3.8-live')).toBe(true);
  expect(usesLive('gemini-flash-lite-latest')).toBe(false);
  expect(listReads.count).toBe(0);
});

test('decides by the list for a model that is not built in', async () => {
  const { usesLive, listReads } = createPredicate({ entries: [liveOnly] });
  expect(await usesLive('gemini-talk')).toBe(true);
  expect(listReads.count).toBe(1);
});

test('decides by the name if there is no list', async () => {
  const { usesLive } = createPredicate();
  expect(await usesLive('gemini-9-live')).toBe(true);
  expect(await usesLive('gemini-9-flash')).toBe(false);
  expect(await usesLive('gemini-embedding-9')).toBe(false);
});

test('if a model supports both APIs, uses the Live API only with preferLive', async () => {
  expect(await createPredicate({ entries: [modelWithBothApis] }).usesLive('gemini-both-apis')).toBe(false);
  expect(await createPredicate({ entries: [modelWithBothApis], preferLive: true }).usesLive('gemini-both-apis')).toBe(
    true,
  );
});

test('with preferLive, uses the Live API for a built-in model if the built-in facts or the list name that API', async () => {
  const { usesLive } = createPredicate({ entries: [builtInWithBothApis], preferLive: true });
  expect(await usesLive('gemini-3.8-flash')).toBe(true);
  expect(await usesLive('gemini-3.7-flash')).toBe(false);
  expect(await usesLive('gemini-3.8-live')).toBe(true);
});
