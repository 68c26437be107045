import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/database/open.js';
import type { NarrativeEvent } from '../../../src/executor/narrative-events.js';
import { listRowRuns, listRuns } from '../../../src/store/runs/read-runs.js';
import { openRunStore } from '../../../src/store/runs/run-store.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { openTestDatabase } from '../../helpers/test-database.js';

let database: Database.Database;
beforeEach(async () => {
  database = await openTestDatabase(createTemporaryFolder(onTestFinished));
});

const usage = { promptTokens: 10, outputTokens: 2, thoughtTokens: 0, totalTokens: 12 };

function openStore() {
  const onFailure = (thrown: unknown) => {
    throw thrown;
  };
  return openRunStore({
    ...{ database, narrative: 'n', origin: { fileHash: 'f00d' }, keepMs: 1e9, now: () => 5, onFailure },
  });
}

const start: NarrativeEvent = { type: 'narrative-start', run: 'whole', narrative: 'n', acts: ['a'] };

/** The events of a row. A failed row has no reply. */
const rowEvents = (status: 'completed' | 'failed'): NarrativeEvent[] => [
  { ...start, run: 'row' },
  { type: 'act-start', act: 'a', index: 0, model: 'asked' },
  ...(status === 'failed'
    ? []
    : [
        {
          ...({
            type: 'act-end',
            act: 'a',
            index: 0,
            model: 'served',
            requestedModel: 'asked',
            text: 'reply',
          } as const),
          ...{ finishReason: 'STOP', usage, attempts: 2, waitMs: 30, durationMs: 5, reused: false, costUsd: 0.25 },
        },
      ]),
  { type: 'narrative-end', run: 'row', status, usage, durationMs: 9, ...(status === 'completed' && { costUsd: 0.25 }) },
];

test('a run with rows has the totals of its completed and failed rows while it is unfinished, and later the totals that were saved', async () => {
  const store = openStore();
  await store.onEvent(start);
  const rows = store.openRowHistory('whole', { source: 'c.csv', total: 5 });
  for (const [index, status] of (['completed', 'failed', 'completed'] as const).entries()) {
    const record = rows.createListener({ number: index + 1, label: `row ${index}` });
    for (const event of rowEvents(status)) await record(event);
  }
  await rows.createListener({ number: 4, label: 'in progress' })({ ...start, run: 'row' });
  await store.flush();
  // In a run with rows, `actCount` is the number of rows, and `actsEnded` the number of completed rows. `attempts` is
  // the number of requests: two for each completed row, and one for the failed row. `usage` includes the failed row.
  expect(listRuns(database, 9).runs).toEqual([
    expect.objectContaining({
      ...{ run: 'whole', status: 'unfinished', source: 'c.csv', actCount: 5, actsEnded: 2, attempts: 5, waitMs: 60 },
      ...{ costUsd: 0.5, modelsAsked: ['asked'], modelsServed: ['served'] },
      usage: { promptTokens: 30, outputTokens: 6, thoughtTokens: 0, totalTokens: 36 },
    }),
  ]);
  await store.onEvent({ type: 'narrative-end', run: 'whole', status: 'failed', usage, durationMs: 9 });
  await rows.saveTotals({ total: 5, completed: 4 });
  expect(listRuns(database, 9).runs).toMatchObject([{ status: 'failed', actCount: 5, actsEnded: 4, attempts: 5 }]);
});

test('combinations are stored in a table that an earlier version created without a column for them', async () => {
  database.exec(
    'CREATE TABLE row_runs (run TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (run, number)) WITHOUT ROWID',
  );
  // Entry 0 stands for the run as a whole. Its label is the source of the rows.
  database.exec("INSERT INTO row_runs (run, number, label) VALUES ('old', 0, 'old.csv')");
  const store = openStore();
  await store.onEvent({ ...start, run: 'old' });
  expect(listRuns(database, 9).runs).toMatchObject([{ run: 'old', source: 'old.csv' }]);
  await store.onEvent(start);
  const matrix = { label: 'model=a,b', values: { model: ['a', 'b'] } };
  const rows = store.openRowHistory('whole', { source: '', total: 2, matrix });
  const combination = { label: 'model=a', values: { model: 'a', 'vars.t': 'x'.repeat(300) } };
  const record = rows.createListener({ number: 1, label: '', matrix: combination });
  for (const event of rowEvents('completed')) await record(event);
  await store.flush();
  const runs = listRuns(database, 9).runs;
  expect(runs.find(({ run }) => run === 'old')).not.toHaveProperty('matrix');
  const whole = runs.find(({ run }) => run === 'whole');
  expect(whole).toMatchObject({ matrix: matrix.values, matrixLabel: 'model=a,b', actCount: 2, actsEnded: 1 });
  expect(whole).not.toHaveProperty('source');
  expect(listRowRuns(database, 'whole')).toMatchObject([
    { matrixLabel: 'model=a', matrix: { model: 'a', 'vars.t': `${'x'.repeat(200)}…` } },
  ]);
});
