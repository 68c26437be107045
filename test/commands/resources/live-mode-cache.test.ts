import { expect, onTestFinished, test } from 'vitest';
import { createLiveModeCache } from '../../../src/commands/resources/live-mode-cache.js';
import { openDatabase } from '../../../src/database/open.js';
import type { LiveMode } from '../../../src/gemini/live/options.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';

const model = 'gemini-9-live';
/** A Live mode: how a model takes prompts and sends replies. */
const mode: LiveMode = { replyModality: 'AUDIO', promptsAs: 'realtimeInput' };
/** The mode as it is in the database, where a Live mode has its earlier name, manner. */
const storedMode = '{"replies":"AUDIO","prompts":"realtime"}';

async function setup() {
  const { database } = await openDatabase(createTemporaryFolder(onTestFinished));
  if (!database) throw new Error('there is no database');
  onTestFinished(() => void database.close());
  const cacheAt = (baseUrl?: string) => createLiveModeCache(baseUrl === undefined ? {} : { baseUrl }, { database });
  const replaceEntry = (text: string, learnedAt = Date.now()) =>
    database.prepare('UPDATE live_manners SET manner = ?, learned_at = ?').run(text, learnedAt);
  return { database, cacheAt, replaceEntry };
}

test('returns a Live mode only for the model and the service where it was learned, and stores no address', async () => {
  const { database, cacheAt } = await setup();
  const gateway = 'https://gateway.example/secret-path';
  await cacheAt(gateway)?.set(model, mode);
  expect(database.prepare('SELECT manner FROM live_manners').raw(true).get()).toEqual([storedMode]);
  expect(await cacheAt(gateway)?.get(model)).toEqual(mode);
  expect(await cacheAt(gateway)?.get('another')).toBeUndefined();
  expect(await cacheAt()?.get(model)).toBeUndefined();
  expect(JSON.stringify(database.prepare('SELECT * FROM live_manners').raw(true).all())).not.toContain('secret');
});

test('returns an entry for 30 days, and ignores one from the future and an invalid one', async () => {
  const { cacheAt, replaceEntry } = await setup();
  const cache = cacheAt();
  await cache?.set(model, mode);
  const dayMs = 86_400_000;
  for (const [text, learnedAt, expected] of [
    [storedMode, Date.now() - 29 * dayMs, mode],
    [storedMode, Date.now() - 31 * dayMs, undefined],
    [storedMode, Date.now() + dayMs, undefined],
    ['{"replies": "SONG", "prompts": "content"}', undefined, undefined],
    ['null', undefined, undefined],
    ['{', undefined, undefined],
  ] as const) {
    replaceEntry(text, learnedAt);
    expect(await cache?.get(model), text).toEqual(expected);
  }
});

test('the cache ignores a missing table; without a database there is no cache', async () => {
  const { database, cacheAt } = await setup();
  const cache = cacheAt();
  database.exec('DROP TABLE live_manners');
  await cache?.set(model, mode);
  expect(await cache?.get(model)).toBeUndefined();
  expect(createLiveModeCache({}, {})).toBeUndefined();
});
