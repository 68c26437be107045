import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, openReadOnly } from '../../src/database/open.js';
import { addedColumns, hasColumn, readSchemaVersion, schemaVersion } from '../../src/database/schema.js';
import { listActs, listRuns } from '../../src/store/runs/read-runs.js';
import { buildNarrative, createTemporaryFolder, runBoticelli } from '../helpers/boticelli.js';
import { startGeminiServer } from '../helpers/gemini/server.js';

/** Creates a state folder with a database of schema version 1 that has the quota state of one model. */
function createOldState(): string {
  const folder = createTemporaryFolder(onTestFinished);
  const database = new Database(join(folder, 'boticelli.db'));
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE quota_pages (key TEXT PRIMARY KEY, page TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO quota_pages VALUES ('gemini p m', '{"refusals":3}');
    PRAGMA user_version = 1;
  `);
  database.close();
  return folder;
}

test('migrates a database of schema version 1: adds the missing tables and keeps the quota', async () => {
  const { database, warning } = await openDatabase(createOldState());
  expect(warning).toBeUndefined();
  expect(database?.prepare('SELECT key, page FROM quota_pages').raw(true).all()).toEqual([
    ['gemini p m', '{"refusals":3}'],
  ]);
  // `catalogues` has lists of models. `live_manners` has how each Live model takes prompts and sends replies.
  expect(database?.prepare('SELECT * FROM catalogues').raw(true).all()).toEqual([]);
  expect(database?.prepare('SELECT * FROM live_manners').raw(true).all()).toEqual([]);
  expect(database && readSchemaVersion(database)).toBe(schemaVersion);
  database?.close();
});

test('opens a database of schema version 1 for reading without a migration', async () => {
  const folder = createOldState();
  const database = await openReadOnly(folder);
  expect(database?.prepare('SELECT key FROM quota_pages').raw(true).all()).toEqual([['gemini p m']]);
  expect(database && readSchemaVersion(database)).toBe(1);
  database?.close();
});

test('eight processes that migrate a database at the same time succeed and lose no data', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const folder = createOldState();
  const cwd = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1) });
  const options = { server, cwd, env: { BOTICELLI_STATE_DIR: folder } };
  const runs = Array.from({ length: 8 }, () => runBoticelli(['run', 'one.toml', '--rpm', '100', '-q'], options));
  for (const { code, stderr } of await Promise.all(runs)) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const database = new Database(join(folder, 'boticelli.db'));
  const pages = database.prepare('SELECT key, page FROM quota_pages ORDER BY key').raw(true).all() as string[][];
  database.close();
  expect(pages).toContainEqual(['gemini p m', '{"refusals":3}']);
  // The default model is an alias whose name ends with `latest`. `appointments`, the stored name of the reservations in
  // its state, has one reservation for each process.
  const sent = pages.flatMap(([key = '', page = '']) => (key.endsWith('latest') ? JSON.parse(page).appointments : []));
  expect(sent).toHaveLength(8);
});

/** Creates a state folder with a complete database, and changes the database with the given SQL. */
async function createChangedState(sql: string): Promise<string> {
  const folder = createTemporaryFolder(onTestFinished);
  const { database } = await openDatabase(folder);
  database?.exec(`INSERT INTO quota_pages VALUES ('gemini p m', '{"refusals":3}'); ${sql}`);
  database?.close();
  return folder;
}

test.each(['quota_pages', 'answers', 'runs', 'acts'])(
  'creates the table %s again if it is missing, and keeps the other tables',
  async (table) => {
    const { database, warning } = await openDatabase(await createChangedState(`DROP TABLE ${table}`));
    expect(warning).toBeUndefined();
    expect(database?.prepare(`SELECT count(*) FROM ${table}`).raw(true).get()).toEqual([0]);
    expect(database?.prepare('SELECT count(*) FROM quota_pages').raw(true).get()).toEqual([
      table === 'quota_pages' ? 0 : 1,
    ]);
    database?.close();
  },
);

test('reads a database without the columns that were added later, and adds them when it is opened for writing', async () => {
  const dropColumns = addedColumns.map(({ table, column }) => `ALTER TABLE ${table} DROP COLUMN ${column};`).join('');
  const folder = await createChangedState(`
    INSERT INTO runs VALUES ('r1', 'n', NULL, NULL, 1, 1, 1, '[]', '[]', 1, 0, '{}', NULL, 'completed', 5, NULL, NULL);
    INSERT INTO acts VALUES ('r1', 0, 'a', NULL, '[]', NULL, NULL, NULL); ${dropColumns}`);
  const readOnly = await openReadOnly(folder);
  expect(readOnly && listRuns(readOnly, 9).runs).toMatchObject([{ run: 'r1' }]);
  expect(readOnly && listActs(readOnly, 'r1')).toEqual([{ act: 'a', events: [] }]);
  readOnly?.close();
  const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase(folder)));
  for (const { database, warning } of opened) {
    expect(warning).toBeUndefined();
    expect(addedColumns.filter(({ table, column }) => !database || !hasColumn(database, table, column))).toEqual([]);
    database?.close();
  }
});

test("renames a database that lacks a column which can't be added, and creates a new database", async () => {
  const folder = await createChangedState('ALTER TABLE quota_pages RENAME COLUMN page TO other');
  const { database, warning } = await openDatabase(folder);
  expect(warning).toMatch(/boticelli\.db was damaged and renamed to .*\.damaged-.*; a new database was created$/);
  expect(database?.prepare('SELECT count(*) FROM quota_pages').raw(true).get()).toEqual([0]);
  database?.close();
});

test('a damaged database is renamed only once if several callers find it at the same time', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  writeFileSync(join(folder, 'boticelli.db'), 'damaged'.repeat(1000));
  const opened = await Promise.all(Array.from({ length: 3 }, () => openDatabase(folder)));
  for (const { database } of opened) database?.close();
  expect(opened.map(({ warning }) => warning)).toEqual([
    expect.stringMatching(/was damaged and renamed to .*; a new database was created$/),
    ...Array.from({ length: 2 }, () =>
      expect.stringMatching(/was damaged and has been replaced; a new database was created$/),
    ),
  ]);
  expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toHaveLength(1);
});
