import { expect, onTestFinished, test } from 'vitest';
import { createResponseModeCache } from '../../../src/commands/resources/response-mode-cache.js';
import { openDatabase } from '../../../src/database/open.js';
import type { ResponseMode } from '../../../src/gemini/live/options.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';

const model = 'gemini-9-live';
const manner: ResponseMode = { replies: 'AUDIO', prompts: 'realtime' };

async function setup() {
  const { database } = await openDatabase(createTemporaryFolder(onTestFinished));
  if (!database) throw new Error('there is no database');
  onTestFinished(() => void database.close());
  const memoryAt = (baseUrl?: string) =>
    createResponseModeCache(baseUrl === undefined ? {} : { baseUrl }, { database });
  const put = (text: string, learnedAt = Date.now()) =>
    database.prepare('UPDATE live_manners SET manner = ?, learned_at = ?').run(text, learnedAt);
  return { database, memoryAt, put };
}

test('applies what was learned about a model to its own service only, and does not store the address', async () => {
  const { database, memoryAt } = await setup();
  const gateway = 'https://gateway.example/secret-path';
  await memoryAt(gateway)?.set(model, manner);
  expect(await memoryAt(gateway)?.get(model)).toEqual(manner);
  expect(await memoryAt(gateway)?.get('another')).toBeUndefined();
  expect(await memoryAt()?.get(model)).toBeUndefined();
  expect(JSON.stringify(database.prepare('SELECT * FROM live_manners').raw(true).all())).not.toContain('secret');
});

test('trusts an entry for a month, and ignores an invalid one', async () => {
  const { memoryAt, put } = await setup();
  const memory = memoryAt();
  await memory?.set(model, manner);
  const dayMs = 86_400_000;
  for (const [text, learnedAt, known] of [
    [JSON.stringify(manner), Date.now() - 29 * dayMs, manner],
    [JSON.stringify(manner), Date.now() - 31 * dayMs, undefined],
    [JSON.stringify(manner), Date.now() + dayMs, undefined],
    ['{"replies": "SONG", "prompts": "content"}', undefined, undefined],
    ['null', undefined, undefined],
    ['{', undefined, undefined],
  ] as const) {
    put(text, learnedAt);
    expect(await memory?.get(model), text).toEqual(known);
  }
});

test('treats a broken database as absent, and does not open one for reading', async () => {
  const { database, memoryAt } = await setup();
  const memory = memoryAt();
  database.exec('DROP TABLE live_manners');
  await memory?.set(model, manner);
  expect(await memory?.get(model)).toBeUndefined();
  expect(createResponseModeCache({}, {})).toBeUndefined();
});
