import { join } from 'node:path';
import Database from 'libsql';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, schemaVersion } from '../../src/database/open.js';
import { openReadOnly } from '../../src/database/open-read-only.js';
import { buildNarrative, createTemporaryFolder, runBoticelli } from '../helpers/boticelli.js';
import { startGeminiServer } from '../helpers/gemini-server.js';

/** A state folder with a database as version 1 of the schema made it, one page in it. */
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

const readVersion = (database: Database.Database) =>
  (database.pragma('user_version') as { user_version: number }[])[0]?.user_version;

test('a database of version 1 gets the tables that it lacks, and keeps its quota', async () => {
  const { database, warning } = await openDatabase(createOldState());
  expect(warning).toBeUndefined();
  expect(database?.prepare('SELECT key, page FROM quota_pages').raw(true).all()).toEqual([
    ['gemini p m', '{"refusals":3}'],
  ]);
  expect(database?.prepare('SELECT * FROM catalogues').raw(true).all()).toEqual([]);
  expect(database?.prepare('SELECT * FROM live_manners').raw(true).all()).toEqual([]);
  expect(database && readVersion(database)).toBe(schemaVersion);
  database?.close();
});

test('to look at, it can be opened as it is', async () => {
  const folder = createOldState();
  const database = await openReadOnly(folder);
  expect(database?.prepare('SELECT key FROM quota_pages').raw(true).all()).toEqual([['gemini p m']]);
  expect(database && readVersion(database)).toBe(1);
  database?.close();
});

test('eight processes that bring it up to date at once all do, and lose nothing of it', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const folder = createOldState();
  const cwd = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1) });
  const surroundings = { server, cwd, env: { BOTICELLI_STATE_DIR: folder } };
  const runs = Array.from({ length: 8 }, () => runBoticelli(['run', 'one.toml', '--rpm', '100', '-q'], surroundings));
  for (const { code, stderr } of await Promise.all(runs)) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const database = new Database(join(folder, 'boticelli.db'));
  const pages = database.prepare('SELECT key, page FROM quota_pages ORDER BY key').raw(true).all() as string[][];
  database.close();
  expect(pages).toContainEqual(['gemini p m', '{"refusals":3}']);
  const sent = pages.flatMap(([key = '', page = '']) => (key.endsWith('latest') ? JSON.parse(page).appointments : []));
  expect(sent).toHaveLength(8);
});
