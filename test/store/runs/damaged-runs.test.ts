import { expect, onTestFinished, test } from 'vitest';
import { listActs, listRuns } from '../../../src/store/runs/read-runs.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { openTestDatabase } from '../../helpers/test-database.js';

/** Stores the runs r1 and r2 and one act of r2. Then sets columns of r2: `change` is what SQL has after `SET`. */
async function openChangedRuns(change: string) {
  const database = await openTestDatabase(createTemporaryFolder(onTestFinished));
  onTestFinished(() => void database.close());
  const values = (id: string, startedAt: number) =>
    `('${id}', 'n', NULL, NULL, 1, ${startedAt}, 1, '["m"]', '["m"]', 1, 0, '{"promptTokens": 3}', NULL, 'failed', 5, '{}', '{"lang": "fr"}')`;
  database.exec(`INSERT INTO runs VALUES ${values('r1', 1)}, ${values('r2', 2)};
    INSERT INTO acts VALUES ('r2', 0, 'a', '{"text": "x"}', '[]', NULL, NULL, NULL);
    UPDATE runs SET ${change} WHERE id = 'r2';`);
  return database;
}

test.each([
  ["usage = '{'", { usage: {} }],
  ["usage = '7', models_asked = 'null', models_served = '{'", { usage: {}, modelsAsked: [], modelsServed: [] }],
  ["error = '7', vars = '[]'", { status: 'failed' }],
  ["narrative = x'00ff', status = x'00'", { narrative: 'unknown', status: 'unfinished' }],
  ['vars = \'{"a": "x", "b": {}, "c": null}\'', { vars: { a: 'x' } }],
  ['started_at = 9000000000000000000', { startedAt: '1970-01-01T00:00:00.000Z' }],
])(
  'lists a damaged run with its invalid values left out or replaced, and the other run unchanged (%s)',
  async (change, fields) => {
    const { runs, total } = listRuns(await openChangedRuns(change), 10);
    expect([runs.length, total]).toEqual([2, 2]);
    expect(runs.find(({ run }) => run === 'r2')).toMatchObject(fields);
    expect(runs.find(({ run }) => run === 'r1')).toMatchObject({ usage: { promptTokens: 3 }, modelsAsked: ['m'] });
  },
);

test('replaces values of the wrong type in a run and in the end event of an act', async () => {
  const database = await openChangedRuns("act_count = x'00'");
  database.exec(`UPDATE acts SET ended = '{"text": 7, "usage": [], "firstTokenMs": "x", "costUsd": 0.5, "round": 2}'`);
  expect(listRuns(database, 1).runs).toMatchObject([{ run: 'r2', actCount: 0 }]);
  expect(listActs(database, 'r2')[0]?.end).toEqual({
    ...{ type: 'act-end', act: 'a', index: 0, model: 'unknown', requestedModel: 'unknown', text: '', round: 2 },
    ...{ finishReason: 'unknown', usage: {}, attempts: 0, waitMs: 0, durationMs: 0, reused: false, costUsd: 0.5 },
  });
});

test('leaves out an invalid end, invalid events, an invalid timing and an invalid prompt of an act', async () => {
  const database = await openChangedRuns('act_count = 1');
  const note = '{"type": "act-note", "message": "x"}';
  const retry = '"type": "act-retry", "attempt": 1, "delayMs": 1';
  const invalid = [`{${retry}, "error": null}`, `{${retry}, "error": {"code": 7}}`, '{"type": "constructor"}'];
  const expected = [{ act: 'a', events: [JSON.parse(note)] }];
  // `ended` is the end event of an act, and `told` are the events before it.
  database.exec(`UPDATE acts SET ended = '{', told = '[7, ${invalid.join(', ')}, ${note}]'`);
  expect(listActs(database, 'r2')).toEqual(expected);
  database.exec('UPDATE acts SET timing = \'{"waits": [7]}\', prompt = \'{"parts": [null]}\'');
  expect(listActs(database, 'r2')).toEqual(expected);
});
