import { expect, test } from 'vitest';
import { createLiveApiPredicate } from '../../src/gemini/choose-api.js';
import type { ModelInfo } from '../../src/gemini/models/model-info.js';

/** A predicate with a cached model list, and the number of reads of the list. Without `entries` there is no list. */
function createPredicate({ entries, preferLive = false }: { entries?: ModelInfo[]; preferLive?: boolean } = {}) {
  const listReads = { count: 0 };
  const read = async () => {
    listReads.count += 1;
    return entries && { entries, listedAt: 0 };
  };
  return { usesLive: createLiveApiPredicate({ modelListCache: { read }, preferLive }), listReads };
}

const both = { name: 'gemini-both-ways', methods: ['generateContent', 'bidiGenerateContent'] };
const builtInWithBoth = { ...both, name: 'gemini-3.8-flash' };
const liveOnly = { name: 'gemini-talk', methods: ['bidiGenerateContent'] };

test('decides by the built-in facts, without reading the list, for a model that they contain', () => {
  const { usesLive, listReads } = createPredicate({ entries: [both] });
  expect(usesLive('gemini-3.8-live')).toBe(true);
  expect(usesLive('models/gemini-3.8-live')).toBe(true);
  expect(usesLive('gemini-flash-lite-latest')).toBe(false);
  expect(listReads.count).toBe(0);
});

test('decides by the list for an unknown model', async () => {
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

test('uses the Live API only with preferLive if a model supports both APIs', async () => {
  expect(await createPredicate({ entries: [both] }).usesLive('gemini-both-ways')).toBe(false);
  expect(await createPredicate({ entries: [both], preferLive: true }).usesLive('gemini-both-ways')).toBe(true);
});

test('with preferLive, uses the Live API for a built-in model if the built-in facts or the list name that API', async () => {
  const { usesLive } = createPredicate({ entries: [builtInWithBoth], preferLive: true });
  expect(await usesLive('gemini-3.8-flash')).toBe(true);
  expect(await usesLive('gemini-3.7-flash')).toBe(false);
  expect(await usesLive('gemini-3.8-live')).toBe(true);
});
