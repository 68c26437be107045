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

/** A store in memory, and what was done with it. */
function createStore() {
  const rows = new Map<string, StoredModelList>();
  const reads: string[] = [];
  const store: ModelListStore = {
    async read(key) {
      reads.push(key);
      return rows.get(key);
    },
    async readNewest(prefix) {
      const matching = [...rows].filter(([key]) => key.startsWith(prefix)).map(([, each]) => each);
      return matching.sort((left, right) => right.fetchedAt - left.fetchedAt)[0];
    },
    async write(key, each) {
      rows.set(key, each);
    },
  };
  return { store, kept: rows, reads };
}

function setup({ apiKey = 'key-a', baseUrl = 'http://one.test' } = {}, { store, kept, reads } = createStore()) {
  const clock = createManualClock(1_000_000_000_000);
  const memory = () => createModelListCache({ apiKey, baseUrl, store, clock });
  return { memory, clock, kept, reads, store };
}

test('a list is remembered for a day, and by the next process too', async () => {
  const { memory, clock } = setup();
  const first = memory();
  expect(await first.read()).toBeUndefined();
  await first.write(entries);
  const remembered = { entries, listedAt: clock.now() };
  expect(await first.read()).toEqual(remembered);
  clock.advance(dayMs - 1);
  expect(await memory().read()).toEqual(remembered);
  clock.advance(1);
  expect(await first.read()).toBeUndefined();
  expect(await memory().read()).toBeUndefined();
});

test('a list from the future is not believed', async () => {
  const { memory, clock, kept } = setup();
  await memory().write(entries);
  for (const each of kept.values()) each.fetchedAt = clock.now() + 1;
  expect(await memory().read()).toBeUndefined();
});

test('a process looks for it once', async () => {
  const { memory, reads } = setup();
  const only = memory();
  await Promise.all([only.read(), only.read()]);
  await only.read();
  expect(reads).toHaveLength(1);
});

test('neither another key nor another service shares it, and neither is written down', async () => {
  const all = createStore();
  await setup({ apiKey: 'key-a' }, all).memory().write(entries);
  expect(await setup({ apiKey: 'key-b' }, all).memory().read()).toBeUndefined();
  expect(await setup({ baseUrl: 'http://two.test' }, all).memory().read()).toBeUndefined();
  expect(await setup({ baseUrl: 'http://one.test/' }, all).memory().read()).toBeDefined();
  expect([...all.kept.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{16} [0-9a-f]{16}$/)]);
});

test.each([
  ['no JSON', '[{"name":'],
  ['no list', '{"name":"gemini-x"}'],
  ['an empty list', '[]'],
  ['a list of other things', '[1, null, "gemini-x", {"methods": []}, {"name": "gemini-x", "methods": "all"}]'],
])('%s is as if there were none', async (_, models) => {
  const { memory, kept, clock } = setup();
  await memory().write(entries);
  for (const key of kept.keys()) kept.set(key, { fetchedAt: clock.now(), models });
  expect(await memory().read()).toBeUndefined();
});

test('of an entry only what is as it should be is believed', async () => {
  const { memory, kept, clock } = setup();
  await memory().write(entries);
  const odd = [
    { name: 'a', methods: ['x', 1], inputTokens: '5', outputTokens: -1, displayName: {}, more: true },
    { name: 'b', methods: [] },
  ];
  for (const key of kept.keys()) kept.set(key, { fetchedAt: clock.now(), models: JSON.stringify(odd) });
  expect((await memory().read())?.entries).toEqual([
    { name: 'a', methods: ['x'] },
    { name: 'b', methods: [] },
  ]);
});

test('an empty list is not kept: the service is asked again', async () => {
  const { memory, kept } = setup();
  await memory().write([]);
  expect(kept.size).toBe(0);
});

test('who has no key finds the youngest list of the service, however old', async () => {
  const all = createStore();
  await setup({ apiKey: 'key-a' }, all)
    .memory()
    .write([{ name: 'old', methods: [] }]);
  const later = setup({ apiKey: 'key-b' }, all);
  later.clock.advance(5);
  await later.memory().write(entries);
  await setup({ baseUrl: 'http://two.test' }, all)
    .memory()
    .write([{ name: 'other', methods: [] }]);
  expect(await readNewestModelList(all.store, { baseUrl: 'http://one.test' })).toMatchObject({ entries });
  expect(await readNewestModelList(all.store, {})).toBeUndefined();
});
