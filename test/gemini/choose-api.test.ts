import { expect, test } from 'vitest';
import { createLiveApiSelector } from '../../src/gemini/choose-api.js';
import type { ModelInfo } from '../../src/gemini/models/model-info.js';

/** A routing by a list (none where it is undefined), and how often that was looked into. */
function routing({ entries, preferLive = false }: { entries?: ModelInfo[]; preferLive?: boolean } = {}) {
  const looked = { times: 0 };
  const read = async () => {
    looked.times += 1;
    return entries && { entries, listedAt: 0 };
  };
  return { goesLive: createLiveApiSelector({ modelListCache: { read }, preferLive }), looked };
}

const both = { name: 'gemini-both-ways', methods: ['generateContent', 'bidiGenerateContent'] };
const bothToo = { ...both, name: 'gemini-3.8-flash' };
const liveByNoSuchName = { name: 'gemini-talk', methods: ['bidiGenerateContent'] };

test('what the table has is decided at once and not looked up', () => {
  const { goesLive, looked } = routing({ entries: [both] });
  expect(goesLive('gemini-3.8-live')).toBe(true);
  expect(goesLive('models/gemini-3.8-live')).toBe(true);
  expect(goesLive('gemini-flash-lite-latest')).toBe(false);
  expect(looked.times).toBe(0);
});

test('a model that the list alone knows goes by the list', async () => {
  const { goesLive, looked } = routing({ entries: [liveByNoSuchName] });
  expect(await goesLive('gemini-talk')).toBe(true);
  expect(looked.times).toBe(1);
});

test('without a list the name decides', async () => {
  const { goesLive } = routing();
  expect(await goesLive('gemini-9-live')).toBe(true);
  expect(await goesLive('gemini-9-flash')).toBe(false);
  expect(await goesLive('gemini-embedding-9')).toBe(false);
});

test('a model that can do both goes Live only where that is preferred', async () => {
  expect(await routing({ entries: [both] }).goesLive('gemini-both-ways')).toBe(false);
  expect(await routing({ entries: [both], preferLive: true }).goesLive('gemini-both-ways')).toBe(true);
});

test('where Live is preferred the list may know better than the table that a model speaks it', async () => {
  const { goesLive } = routing({ entries: [bothToo], preferLive: true });
  expect(await goesLive('gemini-3.8-flash')).toBe(true);
  expect(await goesLive('gemini-3.7-flash')).toBe(false);
  expect(await goesLive('gemini-3.8-live')).toBe(true);
});
