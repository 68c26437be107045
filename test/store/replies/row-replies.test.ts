import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/database/open.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { createSqliteReplyCache } from '../../../src/store/replies/reply-cache.js';
import { withReplyCache } from '../../../src/store/replies/with-reply-cache.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createScriptedDriver } from '../../helpers/scripted-driver.js';
import { openTestDatabase } from '../../helpers/test-database.js';

let database: Database.Database;
beforeEach(async () => {
  database = await openTestDatabase(createTemporaryFolder(onTestFinished));
});

const request: GenerateRequest = {
  ...{ model: 'm', turns: [{ role: 'user', parts: [{ type: 'text', text: 'Q' }] }], parameters: {} },
};

/**
 * A command that runs the rows with these ids, which all send the same request. With `canReuse`, the first request that
 * has no stored reply gets the reply `new`. Without it, the replies are `Reply 1`, `Reply 2` and so on.
 */
function createCommand(rows: string[], canReuse = true) {
  const inner = createScriptedDriver(canReuse ? [{ pieces: ['new'] }] : []);
  const cache = createSqliteReplyCache(database, 'n', Date.now, (rowId) => rows.includes(rowId));
  const driver = withReplyCache({ cache, canReuse: () => canReuse }, inner);
  // All requests of a row pass one `rowIdentity` object. The cache counts the equal requests per object, not per id.
  const rowIdentities = new Map(rows.map((id) => [id, { id }]));
  const ask = async (id: string) =>
    (await driver.generate(request, { rowIdentity: rowIdentities.get(id) ?? { id } })).text;
  return { ask, inner };
}

test('rows that send the same request keep their own replies, in whatever order they send it', async () => {
  const first = createCommand(['a', 'b', 'c'], false);
  const replies = { c: await first.ask('c'), a: await first.ask('a') };
  expect(replies).toEqual({ c: 'Reply 1', a: 'Reply 2' });
  const resumed = createCommand(['a', 'b', 'c']);
  // Row b has no reply yet. It sends its request, and does not take the reply of another row.
  expect(await resumed.ask('b')).toBe('new');
  expect([await resumed.ask('a'), await resumed.ask('c')]).toEqual(['Reply 2', 'Reply 1']);
  expect(resumed.inner.requests).toHaveLength(1);
});

test('a new row takes the reply of a removed row that sent the same request, and a second new row does not', async () => {
  await createCommand(['a', 'b'], false).ask('a');
  const resumed = createCommand(['b', 'a2', 'a3']);
  expect(await resumed.ask('a2')).toBe('Reply 1');
  expect(await resumed.ask('a3')).toBe('new');
  expect(resumed.inner.requests).toHaveLength(1);
});

test('a row that sends the same request twice gets both replies again', async () => {
  const first = createCommand(['a'], false);
  const replies = [await first.ask('a'), await first.ask('a')];
  const resumed = createCommand(['a']);
  expect([await resumed.ask('a'), await resumed.ask('a')]).toEqual(replies);
  expect(resumed.inner.requests).toEqual([]);
});
