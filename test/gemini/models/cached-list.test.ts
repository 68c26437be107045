import { expect, test } from 'vitest';
import {
  createModelListCache,
  type ModelListStore,
  readNewestModelList,
  type StoredModelList,
} from '../../../src/gemini/models/cached-list.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const dayMs = 86_400_000;
const entries = [{ name: 'gemini-x', methods: ['generateContent'], inputTokens: 5 }];

/** A store in memory, with its rows, and the keys of the rows that were read. */
function createStore() {
  const rows = new Map<string, StoredModelList>();
  const reads: string[] = [];
  const store: ModelListStore = {
    async read(key) {
      reads.push(key);
      return rows.get(key);
    },
    async readNewest(prefix) {
      const matching = [...rows].filter(([key]) => key.startsWith(prefix)).map(([, list]) => list);
      return matching.sort((left, right) => right.listedAt - left.listedAt)[0];
    },
    async write(key, list) {
      rows.set(key, list);
    },
  };
  return { store, rows, reads };
}

function setup({ apiKey = 'key-a', baseUrl = 'http://one.test' } = {}, { store, rows, reads } = createStore()) {
  const clock = createManualClock(1_000_000_000_000);
  const createCache = () => createModelListCache({ apiKey, baseUrl, store, clock });
  return { createCache, clock, rows, reads, store };
}

test('keeps a list for a day, also for a cache that is created later on the same store', async () => {
  const { createCache, clock } = setup();
  const first = createCache();
  expect(await first.read()).toBeUndefined();
  await first.write(entries);
  const cached = { entries, listedAt: clock.now() };
  expect(await first.read()).toEqual(cached);
  clock.advance(dayMs - 1);
  expect(await createCache().read()).toEqual(cached);
  clock.advance(1);
  expect(await first.read()).toBeUndefined();
  expect(await createCache().read()).toBeUndefined();
});

test('ignores a list whose time is in the future', async () => {
  const { createCache, clock, rows } = setup();
  await createCache().write(entries);
  for (const list of rows.values()) list.listedAt = clock.now() + 1;
  expect(await createCache().read()).toBeUndefined();
});

test('reads the store once per cache', async () => {
  const { createCache, reads } = setup();
  const cache = createCache();
  await Promise.all([cache.read(), cache.read()]);
  await cache.read();
  expect(reads).toHaveLength(1);
});

test('stores a list per key and service, under hashes of both', async () => {
  const sharedStore = createStore();
  await setup({ apiKey: 'key-a' }, sharedStore).createCache().write(entries);
  expect(await setup({ apiKey: 'key-b' }, sharedStore).createCache().read()).toBeUndefined();
  expect(await setup({ baseUrl: 'http://two.test' }, sharedStore).createCache().read()).toBeUndefined();
  expect(await setup({ baseUrl: 'http://one.test/' }, sharedStore).createCache().read()).toBeDefined();
  expect([...sharedStore.rows.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{16} [0-9a-f]{16}$/)]);
});

test.each([
  ['invalid JSON', '[{"name":'],
  ['an object', '{"name":"gemini-x"}'],
  ['an empty list', '[]'],
  ['a list of invalid entries', '[1, null, "gemini-x", {"methods": []}, {"name": "gemini-x", "methods": "all"}]'],
])('ignores %s in the store', async (_, models) => {
  const { createCache, rows, clock } = setup();
  await createCache().write(entries);
  for (const key of rows.keys()) rows.set(key, { listedAt: clock.now(), models });
  expect(await createCache().read()).toBeUndefined();
});

test('drops invalid fields of stored entries', async () => {
  const { createCache, rows, clock } = setup();
  await createCache().write(entries);
  const invalid = [
    { name: 'a', methods: ['x', 1], inputTokens: '5', outputTokens: -1, displayName: {}, more: true },
    { name: 'b', methods: [] },
  ];
  for (const key of rows.keys()) rows.set(key, { listedAt: clock.now(), models: JSON.stringify(invalid) });
  expect((await createCache().read())?.entries).toEqual([
    { name: 'a', methods: ['x'] },
    { name: 'b', methods: [] },
  ]);
});

test('does not cache an empty list', async () => {
  const { createCache, rows } = setup();
  await createCache().write([]);
  expect(rows.size).toBe(0);
});

test('finds the newest list of a service for users without a key', async () => {
  const sharedStore = createStore();
  await setup({ apiKey: 'key-a' }, sharedStore)
    .createCache()
    .write([{ name: 'old', methods: [] }]);
  const later = setup({ apiKey: 'key-b' }, sharedStore);
  later.clock.advance(5);
  await later.createCache().write(entries);
  await setup({ baseUrl: 'http://two.test' }, sharedStore)
    .createCache()
    .write([{ name: 'other', methods: [] }]);
  expect(await readNewestModelList(sharedStore.store, { baseUrl: 'http://one.test' })).toMatchObject({ entries });
  expect(await readNewestModelList(sharedStore.store, {})).toBeUndefined();
});
