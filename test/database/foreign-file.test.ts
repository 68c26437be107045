import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeUnusableFile, foreignDatabaseMessage } from '../../src/database/foreign-file.js';
import { openDatabase, openReadOnly } from '../../src/database/open.js';
import { applicationId, readApplicationId } from '../../src/database/schema.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

/** Creates a state folder whose `boticelli.db` was made with these statements. */
function createStateFolder(sql: string): string {
  const folder = createTemporaryFolder(onTestFinished);
  const database = new Database(join(folder, 'boticelli.db'));
  database.exec(sql);
  database.close();
  return folder;
}

/** Returns the content of each file of a folder, by name. */
const readFiles = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));

/** Creates a table of boticelli's databases. It has the quota state of each model. */
const ownTable = 'CREATE TABLE quota_pages (key TEXT PRIMARY KEY, page TEXT NOT NULL) WITHOUT ROWID;';

describe("another program's database", () => {
  test.each([
    ['has another application id', `PRAGMA application_id = 77; ${ownTable}`],
    ['has other tables', 'CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES (1);'],
    ['has our tables and others', `${ownTable} CREATE TABLE bookmarks (url TEXT);`],
    ['has other tables and our schema version', 'CREATE TABLE bookmarks (url TEXT); PRAGMA user_version = 1;'],
    ['has other tables and a write-ahead log', 'PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT);'],
  ])('that %s is refused and stays as it was', async (_, sql) => {
    const folder = createStateFolder(sql);
    const before = readFiles(folder);
    const warning = expect.stringContaining("boticelli.db is another program's database: it is left unchanged");
    expect(await openDatabase(folder)).toEqual({ warning });
    await expect(openReadOnly(folder)).rejects.toMatchObject({ code: 'no_input' });
    expect(readFiles(folder)).toEqual(before);
  });

  test('whose tables are only in its write-ahead log is refused', async () => {
    const source = createTemporaryFolder(onTestFinished);
    const other = new Database(join(source, 'boticelli.db'));
    other.exec('PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)');
    const folder = createTemporaryFolder(onTestFinished);
    for (const name of readdirSync(source)) copyFileSync(join(source, name), join(folder, name));
    other.close();
    expect(await openDatabase(folder)).toEqual({ warning: expect.stringContaining("another program's database") });
  });
});

test('uses a database that has only our tables and no application id, and sets our application id', async () => {
  const folder = createStateFolder(`${ownTable} PRAGMA user_version = 1;`);
  const { database, warning } = await openDatabase(folder);
  expect(warning).toBeUndefined();
  expect(database && readApplicationId(database)).toBe(applicationId);
  // The next start reads the id from the file itself. SQLite's format has it at this position.
  expect(readFileSync(join(folder, 'boticelli.db')).readInt32BE(68)).toBe(applicationId);
  database?.close();
});

describe('a symbolic link', () => {
  /** Creates a state folder whose database is a link. */
  function createLink(target: string): string {
    const folder = createTemporaryFolder(onTestFinished);
    symlinkSync(target, join(folder, 'boticelli.db'));
    return folder;
  }

  test('to our database is followed', async () => {
    const target = join(createStateFolder(`${ownTable} PRAGMA user_version = 1;`), 'boticelli.db');
    const { database } = await openDatabase(createLink(target));
    expect(database && readApplicationId(database)).toBe(applicationId);
    database?.close();
  });

  test.each([
    ["another program's database", () => join(createStateFolder('CREATE TABLE bookmarks (url TEXT)'), 'boticelli.db')],
    ['a text file', () => join(createTemporaryFolder(onTestFinished, { text: 'precious '.repeat(50) }), 'text')],
    ['an empty file', () => join(createTemporaryFolder(onTestFinished, { empty: '' }), 'empty')],
  ])('to %s is refused, and the file stays as it was', async (_, createTarget) => {
    const target = createTarget();
    const before = readFileSync(target);
    const folder = createLink(target);
    const message = `is a symbolic link to ${target}, which is not a boticelli database`;
    expect(await openDatabase(folder)).toEqual({ warning: expect.stringContaining(message) });
    // `openReadOnly` treats an empty file like a missing one.
    if (before.length > 0) await expect(openReadOnly(folder)).rejects.toThrow(message);
    expect(readFileSync(target).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['boticelli.db']);
  });

  test('to a file that does not exist creates nothing', async () => {
    const target = join(createTemporaryFolder(onTestFinished), 'new');
    expect(await openDatabase(createLink(target))).toEqual({ warning: expect.stringContaining('symbolic link') });
    expect(existsSync(target)).toBe(false);
  });
});

test('a file that replaces a checked one is checked too, even if it gets the same inode', () => {
  const readDatabase = (sql: string) => readFileSync(join(createStateFolder(sql), 'boticelli.db'));
  const ours = readDatabase(`PRAGMA application_id = ${applicationId}; ${ownTable}`);
  const other = readDatabase('PRAGMA application_id = 77; CREATE TABLE bookmarks (url TEXT);');
  const path = join(createTemporaryFolder(onTestFinished), 'boticelli.db');
  for (const [content, problem] of [[ours], [other, foreignDatabaseMessage]] as const) {
    writeFileSync(path, content);
    expect(describeUnusableFile(Database, path)).toBe(problem);
    rmSync(path);
  }
});

test('a folder named boticelli.db is reported', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  mkdirSync(join(folder, 'boticelli.db'));
  expect(await openDatabase(folder)).toEqual({ warning: expect.stringContaining('is not a regular file') });
});

test('an empty file becomes a new database', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  writeFileSync(join(folder, 'boticelli.db'), '');
  const { database, warning } = await openDatabase(folder);
  expect([database && readApplicationId(database), warning]).toEqual([applicationId, undefined]);
  database?.close();
});
