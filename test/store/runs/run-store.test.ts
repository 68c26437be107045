import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/database/open.js';
import type { GenerateResponse } from '../../../src/driver/response.js';
import type { ActDetail } from '../../../src/executor/acts/act-details.js';
import type { NarrativeEvent } from '../../../src/executor/narrative-events.js';
import { NarrativeExecutor } from '../../../src/executor/narrative-executor.js';
import { createLiveModeRows } from '../../../src/store/caches/live-mode-rows.js';
import { clearRuns, countClearable } from '../../../src/store/runs/clear-runs.js';
import { findRuns, listActs, listRuns, type RunFilter } from '../../../src/store/runs/read-runs.js';
import type { RecordedEvent, RunRecorderOptions } from '../../../src/store/runs/run-recorder.js';
import { openRunStore } from '../../../src/store/runs/run-store.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createScriptedDriver } from '../../helpers/scripted-driver.js';
import { openTestDatabase } from '../../helpers/test-database.js';

const day = 86_400_000;
let folder: string;
let database: Database.Database;
beforeEach(async () => {
  folder = createTemporaryFolder(onTestFinished);
  database = await openTestDatabase(folder);
});

function openStore({
  now = Date.now(),
  narrative = 'n',
  keepMs = 30 * day,
  ...details
}: { now?: number; narrative?: string; keepMs?: number } & Pick<RunRecorderOptions, 'vars' | 'keepsPrompts'> = {}) {
  const failures: unknown[] = [];
  const origin = { file: '/a/n.toml', fileHash: 'f00d' };
  const onFailure = (thrown: unknown) => failures.push(thrown);
  const store = openRunStore({ database, narrative, origin, keepMs, now: () => now, onFailure, ...details });
  return { store, failures };
}

const usage = { promptTokens: 10, outputTokens: 2, thoughtTokens: 0, totalTokens: 12 };
const start = (run: string, acts = ['a', 'b']): NarrativeEvent => ({
  ...{ type: 'narrative-start', run, narrative: 'n', acts },
});
const actStart = (act: string, index = 0): NarrativeEvent => ({ type: 'act-start', act, index, model: 'requested' });
const actEnd = (act: string, index = 0, more = {}): NarrativeEvent => ({
  ...{ type: 'act-end', act, index, model: 'served', requestedModel: 'requested', text: `Reply of ${act}` },
  ...{ finishReason: 'STOP', usage, attempts: 2, waitMs: 30, durationMs: 5, reused: false, ...more },
});
const end = (run: string, more = {}): NarrativeEvent => ({
  ...{ type: 'narrative-end', run, status: 'completed', usage, durationMs: 9, ...more },
});

const reply: GenerateResponse = {
  ...{ text: 't', model: 'm', finishReason: 'STOP', usage },
  turn: { role: 'model', text: 't', model: 'm' },
};

/**
 * Everything that writes into the database, except the quota store. `liveModes` stores how Live models take prompts and
 * send replies.
 */
type Writers = ReturnType<typeof openStore> & { liveModes: ReturnType<typeof createLiveModeRows> };

async function sendEvents(store: ReturnType<typeof openStore>['store'], ...events: RecordedEvent[]) {
  for (const event of events) await store.onEvent(event);
}

test('records parallel acts in the order of the acts, each with its own events', async () => {
  const { store } = openStore();
  const wait = { type: 'act-wait', act: 'a', model: 'm', reason: 'rpm', until: '', waitMs: 1 } as const;
  await sendEvents(store, start('r1', ['a', 'b', 'a']), actStart('a', 0), actStart('b', 1), actStart('a', 2));
  await sendEvents(store, { ...wait, index: 2 }, { ...wait, index: 0, waitMs: 5 }, actEnd('a', 2), actEnd('a', 0));
  await sendEvents(store, end('r1', { status: 'failed' }));
  const acts = listActs(database, 'r1').map(({ act, end: ended, events }) => [act, ended?.index, events.length]);
  expect(acts).toEqual([
    ['a', 0, 1],
    ['b', undefined, 0],
    ['a', 2, 1],
  ]);
  expect(listActs(database, 'r1')[2]?.events).toMatchObject([{ waitMs: 1 }]);
});

test('records a run while it is in progress, as unfinished', async () => {
  const { store } = openStore();
  await sendEvents(store, start('r1'));
  expect(listRuns(database, 9).runs).toMatchObject([{ run: 'r1', status: 'unfinished', actsEnded: 0, actCount: 2 }]);
  const retry: NarrativeEvent = {
    ...{ type: 'act-retry', act: 'a', attempt: 1, delayMs: 30, discard: false },
    error: { code: 'unavailable', message: 'overloaded' },
  };
  await sendEvents(store, actStart('a'), retry, actEnd('a'));
  expect(listRuns(database, 9).runs).toMatchObject([
    {
      ...{ status: 'unfinished', actsEnded: 1, modelsAsked: ['requested'], modelsServed: ['served'], attempts: 2 },
      ...{ waitMs: 30, usage, file: '/a/n.toml', fileHash: 'f00d' },
    },
  ]);
  expect(listActs(database, 'r1')).toEqual([{ act: 'a', end: actEnd('a'), events: [retry] }]);
});

test('records a failed act with its attempts and without a reply', async () => {
  const { store } = openStore();
  const error = { code: 'unavailable' as const, message: 'gone', act: 'b' };
  const failed = end('r1', { status: 'failed', error });
  await sendEvents(store, start('r1'), actStart('a'), actEnd('a'), actStart('b', 1), failed);
  expect(listRuns(database, 9).runs).toMatchObject([{ status: 'failed', error, actsEnded: 1, attempts: 3 }]);
  expect(listActs(database, 'r1')).toMatchObject([{ act: 'a' }, { act: 'b', events: [] }]);
  expect(listActs(database, 'r1')[1]?.end).toBeUndefined();
});

test('records how each act spent its time, even if it failed, and the variables of the run', async () => {
  const { store } = openStore({ vars: { lang: 'fr', text: 'x'.repeat(200) } });
  const wait = { reason: 'rpm', startMs: 10, durationMs: 700 } as const;
  const times = { startedAt: 1000, durationMs: 900, waits: [wait], firstTokenMs: 800 };
  const timing = (act: string, index: number): ActDetail => ({ type: 'act-timing', act, index, ...times });
  const failed = end('r1', { status: 'failed' });
  const parameters = { temperature: 0, format: 'json', schema: {} } as const;
  const prompt = { model: 'm', parameters, earlierTurns: 0, parts: [] };
  const prompted: ActDetail = { type: 'act-prompt', act: 'a', index: 0, prompt };
  await sendEvents(store, start('r1'), actStart('a'), prompted, timing('a', 0), actEnd('a'));
  await sendEvents(store, actStart('b', 1), timing('b', 1), failed);
  expect(listActs(database, 'r1').map(({ timing }) => timing)).toEqual([
    { ...times, requestedModel: 'requested', attempts: 2, parameters: { temperature: 0, format: 'json' } },
    { ...times, requestedModel: 'requested', attempts: 1, parameters: {} },
  ]);
  const [run] = listRuns(database, 9).runs;
  expect(run).toMatchObject({ waitMs: 730, vars: { lang: 'fr', text: `${'x'.repeat(79)}…` } });
});

test.each([true, false])('stores prompts only with `keepsPrompts` (%s)', async (keepsPrompts) => {
  const { store } = openStore({ keepsPrompts });
  const prompt = { model: 'm', parameters: {}, earlierTurns: 0, parts: [{ type: 'text' as const, text: 'Hi' }] };
  await sendEvents(store, start('r1'), actStart('a'), { type: 'act-prompt', act: 'a', index: 0, prompt }, actEnd('a'));
  expect(listActs(database, 'r1').map((act) => act.prompt)).toEqual([keepsPrompts ? prompt : undefined]);
});

test('lists the runs that match a filter', async () => {
  for (const [index, [id, narrative, status]] of [
    ['r1', 'x', 'completed'],
    ['r2', 'y', 'failed'],
    ['r3', 'y', 'completed'],
  ].entries()) {
    const { store } = openStore({ now: 1000 + index });
    await sendEvents(store, { ...start(`${id}`), narrative } as NarrativeEvent, end(`${id}`, { status }));
  }
  const { store } = openStore({ now: 2000 });
  await sendEvents(store, start('r4'));
  const list = (filter: RunFilter) => {
    const { runs, total } = listRuns(database, 9, filter);
    return [total, ...runs.map(({ run }) => run)];
  };
  expect(list({ narrative: 'y' })).toEqual([2, 'r3', 'r2']);
  expect(list({ failed: true })).toEqual([2, 'r4', 'r2']);
  expect(list({ since: 1002 })).toEqual([2, 'r4', 'r3']);
  expect(list({ narrative: 'y', failed: true, since: 1002 })).toEqual([0]);
});

test('does not count the usage and the attempts of reused replies', async () => {
  const { store } = openStore();
  const reused = actEnd('a', 0, { reused: true, attempts: 0, waitMs: 0 });
  await sendEvents(store, start('r1'), actStart('a'), reused, actStart('b', 1), actEnd('b', 1), end('r1'));
  expect(listRuns(database, 9).runs).toMatchObject([{ actsEnded: 2, attempts: 2, usage }]);
});

test('records an act before the executor starts the next one', async () => {
  const { store } = openStore();
  const recorded: number[] = [];
  const recordActsEnded = () => void recorded.push(listRuns(database, 1).runs[0]?.actsEnded ?? -1);
  const driver = createScriptedDriver(
    Array.from({ length: 3 }, (_, index) => ({ pieces: [`${index}`], onCall: recordActsEnded })),
  );
  const executor = new NarrativeExecutor({ driver, onEvent: (event) => store.onEvent(event) });
  const acts = ['a', 'b', 'c'].map((name) => ({
    ...{ name, parameters: {}, inputs: [{ type: 'text' as const, content: name }] },
  }));
  await executor.execute({ name: 'n', acts });
  await store.flush();
  expect(recorded).toEqual([0, 1, 2]);
  expect(listRuns(database, 1).runs[0]).toMatchObject({ status: 'completed', actsEnded: 3 });
});

test('finds runs by a prefix of their ids and by `last`, and lists the newest first', async () => {
  for (const [index, id] of ['20261122-1', '20261122-2', '20261123-1'].entries()) {
    await sendEvents(openStore({ now: 1000 + index }).store, start(id), end(id));
  }
  const ids = (name: string) => findRuns(database, name).map(({ run }) => run);
  expect(ids('20261122-1')).toEqual(['20261122-1']);
  expect(ids('20261122')).toEqual(['20261122-2', '20261122-1']);
  expect(ids('last')).toEqual(['20261123-1']);
  expect(ids('2025')).toEqual([]);
  const { runs, total } = listRuns(database, 2);
  expect({ ids: runs.map(({ run }) => run), total }).toEqual({ ids: ['20261123-1', '20261122-2'], total: 3 });
});

test('records names with NUL characters', async () => {
  const { store, failures } = openStore({ narrative: 'a\0b' });
  const startWithNul = { ...start('r1'), narrative: 'a\0b' } as NarrativeEvent;
  await sendEvents(store, startWithNul, actStart('x\0y'), actEnd('x\0y'), end('r1'));
  expect(failures).toEqual([]);
  expect(listActs(database, 'r1')[0]?.end?.act).toBe('x\0y');
});

describe('the end of a run', () => {
  test('deletes runs that are older than the setting `[store] keep` allows, with their acts', async () => {
    const old = openStore({ now: Date.now() - 32 * day });
    await sendEvents(old.store, start('old'), actStart('a'), actEnd('a'), end('old'));
    await sendEvents(openStore({ now: Date.now() - 20 * day }).store, start('young'), end('young'));
    await sendEvents(openStore({ now: Date.now() - 1 }).store, start('new'), end('new'));
    // Age counts from the newest run before the current one. For the run `new`, that is `young`, so `old` is kept.
    expect(listRuns(database, 9).total).toBe(3);
    await sendEvents(openStore().store, start('newer'), end('newer'));
    expect(listRuns(database, 9).runs.map(({ run }) => run)).toEqual(['newer', 'new', 'young']);
    expect(listActs(database, 'old')).toEqual([]);
  });

  test('deletes neither runs nor replies that are younger than `[store] keep`, even if the clock of an earlier run was years ahead or behind', async () => {
    for (const daysAgo of [29, 15, 1]) {
      const { store } = openStore({ now: Date.now() - daysAgo * day });
      await store.replyCache.save({ key: `${daysAgo}`, occurrence: 0 }, reply);
      await sendEvents(store, start(`${daysAgo}`), end(`${daysAgo}`));
    }
    for (const now of [Date.now() + 20_000 * day, 0]) {
      const { store } = openStore({ now });
      await store.replyCache.save({ key: `${now}`, occurrence: 0 }, reply);
      await sendEvents(store, start(`${now}`), end(`${now}`));
    }
    await sendEvents(openStore().store, start('new'), end('new'));
    const { runs } = listRuns(database, 9);
    expect(runs.map(({ run }) => run)).toEqual(expect.arrayContaining(['29', '15', '1', 'new']));
    for (const key of ['29', '15', '1'])
      expect(await openStore().store.replyCache.find({ key, occurrence: 0 })).toBeDefined();
  });

  test('deletes at most a span of `[store] keep`, counted from the oldest run or reply, even if more runs are too old', async () => {
    // If the clock is wrong, one run must not delete the whole history. `[store] keep` is 30 days here, so the run `a`
    // deletes the runs of 100 and 80 days ago, and the run `b` deletes the run of 60 days ago.
    for (const daysAgo of [100, 80, 60, 0]) {
      await sendEvents(openStore({ now: Date.now() - daysAgo * day, keepMs: 9000 * day }).store, start(`${daysAgo}`));
    }
    const remaining: number[] = [];
    for (const run of ['a', 'b', 'c']) {
      await sendEvents(openStore({ now: Date.now() + 1 }).store, start(run), end(run));
      remaining.push(listRuns(database, 9).runs.filter(({ run }) => /^\d+$/.test(run)).length);
    }
    expect(remaining).toEqual([2, 1, 1]);
  });

  test('keeps runs for up to a day longer than `[store] keep`, so that not every run deletes something', async () => {
    await sendEvents(openStore({ now: Date.now() - 30.5 * day }).store, start('old'), end('old'));
    await sendEvents(openStore().store, start('new'), end('new'));
    expect(listRuns(database, 9).total).toBe(2);
  });
});

describe('clearing', () => {
  beforeEach(async () => {
    for (const [narrative, run, now] of [
      ['x', 'r1', 1000],
      ['x', 'r2', 5000],
      ['y', 'r3', 1000],
    ] as const) {
      const { store } = openStore({ narrative, now });
      const response = { text: run, model: 'm', finishReason: 'STOP', usage };
      await store.replyCache.save(
        { key: run, occurrence: 0 },
        { ...response, turn: { role: 'model', text: run, model: 'm' } },
      );
      await sendEvents(store, { ...start(run), narrative } as NarrativeEvent, actStart('a'), actEnd('a'));
    }
  });

  test.each([
    [{}, 3],
    [{ narrative: 'x' }, 2],
    [{ before: 2000 }, 2],
    [{ before: 2000, narrative: 'x' }, 1],
    [{ narrative: 'none' }, 0],
  ])('%o deletes %i runs and as many replies', async (filter, count) => {
    const expected = { runs: count, replies: count };
    expect(countClearable(database, filter)).toEqual(expected);
    expect(await clearRuns(database, filter)).toEqual(expected);
    expect(countClearable(database, {})).toEqual({ runs: 3 - count, replies: 3 - count });
  });

  test('during a run lets it continue, and leaves no acts without a run', async () => {
    const { store, failures } = openStore();
    await sendEvents(store, start('r9'), actStart('a'));
    await clearRuns(database, {});
    await sendEvents(store, actEnd('a'), end('r9'));
    expect(failures).toEqual([]);
    expect(listActs(database, 'r9')).toEqual([]);
  });
});

describe('a database that cannot be written', () => {
  test('is reported once, and the run continues', async () => {
    const { store, failures } = openStore();
    await sendEvents(store, start('r1'));
    database.pragma('query_only = ON');
    await store.replyCache.save({ key: 'k', occurrence: 0 }, reply);
    await sendEvents(store, actStart('a'), actEnd('a'), end('r1'));
    await store.flush();
    expect(failures).toHaveLength(1);
    expect(store.storedOrReusedCount).toBe(0);
    expect(await store.hasFailed()).toBe(true);
  });

  test('is still read', async () => {
    await openStore().store.replyCache.save({ key: 'k', occurrence: 0 }, reply);
    database.pragma('query_only = ON');
    const { store, failures } = openStore();
    await sendEvents(store, start('r1'));
    expect([failures.length, await store.hasFailed()]).toEqual([1, true]);
    expect(await store.replyCache.find({ key: 'k', occurrence: 0 })).toMatchObject({ text: 't' });
    expect(store.storedOrReusedCount).toBe(1);
  });

  test.each([
    ['removed', () => rmSync(join(folder, 'boticelli.db')), 'it was removed during the run'],
    [
      'replaced',
      () => {
        renameSync(join(folder, 'boticelli.db'), join(folder, 'before'));
        writeFileSync(join(folder, 'boticelli.db'), '');
      },
      'another file replaced it during the run',
    ],
  ])('is reported at the next write if the file was %s', async (_, change, message) => {
    const { store, failures } = openStore();
    await sendEvents(store, start('r1'));
    expect(await store.hasFailed()).toBe(false);
    change();
    await store.replyCache.save({ key: 'k', occurrence: 0 }, reply);
    expect(failures).toEqual([new Error(message)]);
    expect(await store.hasFailed()).toBe(true);
  });

  test('leaves only the files of the database in its folder', async () => {
    const { store } = openStore();
    database.pragma('query_only = ON');
    await sendEvents(store, start('r1'), end('r1'));
    expect(readdirSync(folder).every((name) => name.startsWith('boticelli.db'))).toBe(true);
  });
});

describe('while another process writes to the database', () => {
  test('events wait, and are recorded when that process has finished', async () => {
    const { database: other } = await openDatabase(folder);
    const { store, failures } = openStore();
    other?.exec('BEGIN IMMEDIATE');
    const started = store.onEvent(start('r1'));
    const ended = store.onEvent(end('r1'));
    setTimeout(() => other?.exec('COMMIT'), 50);
    await Promise.all([started, ended]);
    expect(failures).toEqual([]);
    expect(listRuns(database, 1).runs).toMatchObject([{ run: 'r1', status: 'completed' }]);
  });

  test.each([
    ['the start of a run', ({ store }: Writers) => void store.onEvent(start('r1'))],
    ['the end of a run', ({ store }: Writers) => void store.onEvent(end('r1'))],
    ['a reply', ({ store }: Writers) => void store.replyCache.save({ key: 'k', occurrence: 0 }, reply)],
    [
      'how a Live model takes prompts',
      ({ liveModes }: Writers) => liveModes.write('s', 'm', { modeJson: '{}', learnedAt: 1 }),
    ],
  ])('an attempt to write %s that meets the lock leaves no transaction open on the connection', async (_, write) => {
    const { database: other } = await openDatabase(folder);
    const writers = { ...openStore(), liveModes: createLiveModeRows(database) };
    other?.exec('BEGIN IMMEDIATE');
    try {
      write(writers);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'SQLITE_BUSY' });
    }
    other?.exec('COMMIT');
    // The quota store begins a transaction like this on the same connection.
    database.exec('BEGIN IMMEDIATE');
    expect(() => database.exec('COMMIT')).not.toThrow();
    await writers.store.flush();
    // The store has written it in a later attempt.
    expect(writers.failures).toEqual([]);
  });
});
