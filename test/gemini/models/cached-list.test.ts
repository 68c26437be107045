import { expect, test } from 'vitest';
import {
  type CatalogueStore,
  cachedCatalogue,
  catalogueOfAnyKey,
  type KeptCatalogue,
} from '../../../src/gemini/models/cached-list.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const dayMs = 86_400_000;
const entries = [{ name: 'gemini-x', methods: ['generateContent'], inputTokens: 5 }];

/** A store in memory, and what was done with it. */
function createStore() {
  const kept = new Map<string, KeptCatalogue>();
  const reads: string[] = [];
  const store: CatalogueStore = {
    async read(key) {
      reads.push(key);
      return kept.get(key);
    },
    async youngest(prefix) {
      const matching = [...kept].filter(([key]) => key.startsWith(prefix)).map(([, each]) => each);
      return matching.sort((left, right) => right.fetchedAt - left.fetchedAt)[0];
    },
    async write(key, each) {
      kept.set(key, each);
    },
  };
  return { store, kept, reads };
}

function rig({ apiKey = 'key-a', baseUrl = 'http://one.test' } = {}, { store, kept, reads } = createStore()) {
  const clock = createManualClock(1_000_000_000_000);
  const memory = () => cachedCatalogue({ apiKey, baseUrl, store, clock });
  return { memory, clock, kept, reads, store };
}

test('a list is remembered for a day, and by the next process too', async () => {
  const { memory, clock } = rig();
  const first = memory();
  expect(await first.recall()).toBeUndefined();
  await first.remember(entries);
  const remembered = { entries, listedAt: clock.now() };
  expect(await first.recall()).toEqual(remembered);
  clock.advance(dayMs - 1);
  expect(await memory().recall()).toEqual(remembered);
  clock.advance(1);
  expect(await first.recall()).toBeUndefined();
  expect(await memory().recall()).toBeUndefined();
});

test('a list from the future is not believed', async () => {
  const { memory, clock, kept } = rig();
  await memory().remember(entries);
  for (const each of kept.values()) each.fetchedAt = clock.now() + 1;
  expect(await memory().recall()).toBeUndefined();
});

test('a process looks for it once', async () => {
  const { memory, reads } = rig();
  const only = memory();
  await Promise.all([only.recall(), only.recall()]);
  await only.recall();
  expect(reads).toHaveLength(1);
});

test('neither another key nor another service shares it, and neither is written down', async () => {
  const all = createStore();
  await rig({ apiKey: 'key-a' }, all).memory().remember(entries);
  expect(await rig({ apiKey: 'key-b' }, all).memory().recall()).toBeUndefined();
  expect(await rig({ baseUrl: 'http://two.test' }, all).memory().recall()).toBeUndefined();
  expect(await rig({ baseUrl: 'http://one.test/' }, all).memory().recall()).toBeDefined();
  expect([...all.kept.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{16} [0-9a-f]{16}$/)]);
});

test.each([
  ['no JSON', '[{"name":'],
  ['no list', '{"name":"gemini-x"}'],
  ['an empty list', '[]'],
  ['a list of other things', '[1, null, "gemini-x", {"methods": []}, {"name": "gemini-x", "methods": "all"}]'],
])('%s is as if there were none', async (_, models) => {
  const { memory, kept, clock } = rig();
  await memory().remember(entries);
  for (const key of kept.keys()) kept.set(key, { fetchedAt: clock.now(), models });
  expect(await memory().recall()).toBeUndefined();
});

test('of an entry only what is as it should be is believed', async () => {
  const { memory, kept, clock } = rig();
  await memory().remember(entries);
  const odd = [
    { name: 'a', methods: ['x', 1], inputTokens: '5', outputTokens: -1, displayName: {}, more: true },
    { name: 'b', methods: [] },
  ];
  for (const key of kept.keys()) kept.set(key, { fetchedAt: clock.now(), models: JSON.stringify(odd) });
  expect((await memory().recall())?.entries).toEqual([
    { name: 'a', methods: ['x'] },
    { name: 'b', methods: [] },
  ]);
});

test('an empty list is not kept: the service is asked again', async () => {
  const { memory, kept } = rig();
  await memory().remember([]);
  expect(kept.size).toBe(0);
});

test('who has no key finds the youngest list of the service, however old', async () => {
  const all = createStore();
  await rig({ apiKey: 'key-a' }, all)
    .memory()
    .remember([{ name: 'old', methods: [] }]);
  const later = rig({ apiKey: 'key-b' }, all);
  later.clock.advance(5);
  await later.memory().remember(entries);
  await rig({ baseUrl: 'http://two.test' }, all)
    .memory()
    .remember([{ name: 'other', methods: [] }]);
  expect(await catalogueOfAnyKey(all.store, { baseUrl: 'http://one.test' })).toMatchObject({ entries });
  expect(await catalogueOfAnyKey(all.store, {})).toBeUndefined();
});
