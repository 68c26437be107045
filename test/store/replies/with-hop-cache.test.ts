import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/database/open.js';
import { withContinuation } from '../../../src/driver/layers/with-continuation.js';
import { withJsonValidation } from '../../../src/driver/layers/with-json-validation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { BoticelliError } from '../../../src/errors.js';
import { createSqliteReplyCache } from '../../../src/store/replies/reply-cache.js';
import { withHopCache } from '../../../src/store/replies/with-hop-cache.js';
import { type ReplyCacheOptions, withReplyCache } from '../../../src/store/replies/with-reply-cache.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';
import { openTestDatabase } from '../../helpers/test-database.js';

let database: Database.Database;
beforeEach(async () => {
  database = await openTestDatabase(createTemporaryFolder(onTestFinished));
});

const request: GenerateRequest = {
  ...{ model: 'm', turns: [{ role: 'user', parts: [{ type: 'text', text: 'Q' }] }], parameters: {} },
};
const hop = (text: string, continuationToken: string): ScriptedCall => ({
  ...{ pieces: [text], finishReason: 'CONTINUATION', continuationToken },
});
const failure: ScriptedCall = { error: new BoticelliError('unavailable', 'lost') };

/** A run with the database: its driver, and the inner driver that receives the requests sent. */
function run(scripts: ScriptedCall[], options: Partial<ReplyCacheOptions> = {}) {
  const inner = createScriptedDriver(scripts);
  const cacheOptions = { cache: createSqliteReplyCache(database, 'n', Date.now), ...options };
  const continued = withContinuation(withHopCache(cacheOptions, inner));
  const validated = withJsonValidation({ compileSchema: async () => () => [] }, continued);
  return { inner, driver: withReplyCache(cacheOptions, validated) };
}
const resume = (scripts: ScriptedCall[], options: Partial<ReplyCacheOptions> = {}) =>
  run(scripts, { canReuse: () => true, ...options });
/** Lists, for each request sent, the token that it continues from. */
const listTokens = ({ inner }: ReturnType<typeof run>) =>
  inner.requests.map(({ finishedHops }) => finishedHops?.at(-1)?.token);
const countRows = () => (database.prepare('SELECT count(*) FROM answers').raw(true).get() as [number])[0];

test('the finished hops of a reply are reused, and deleted once the whole reply is stored', async () => {
  await expect(run([hop('1 ', 'a'), hop('2 ', 'b'), failure]).driver.generate(request)).rejects.toThrow('lost');
  expect(countRows()).toBe(2);
  const resumed = resume([{ pieces: ['3'] }]);
  expect((await resumed.driver.generate(request)).text).toBe('1 2 3');
  expect(listTokens(resumed)).toEqual(['b']);
  expect(countRows()).toBe(1);
  expect(await resume([]).driver.generate(request)).toMatchObject({ text: '1 2 3', reused: true });
});

test('hops are not reused without --resume', async () => {
  await expect(run([hop('old ', 'a'), failure]).driver.generate(request)).rejects.toThrow('lost');
  const again = run([hop('new ', 'b'), { pieces: ['end'] }]);
  expect((await again.driver.generate(request)).text).toBe('new end');
  expect(listTokens(again)).toEqual([undefined, 'b']);
});

test('the hops of equal requests are told apart, even if some of these requests already have a whole reply', async () => {
  const first = run([{ pieces: ['short'] }, hop('long ', 'a'), failure]);
  await first.driver.generate(request);
  await expect(first.driver.generate(request)).rejects.toThrow('lost');
  const resumed = resume([{ pieces: ['end'] }]);
  expect([await resumed.driver.generate(request), await resumed.driver.generate(request)]).toMatchObject([
    { text: 'short' },
    { text: 'long end' },
  ]);
  expect(listTokens(resumed)).toEqual(['a']);
});

test('a hop without a new token is not stored, because a resumed run could not continue from it', async () => {
  const repeatedToken = [hop('1 ', 'a'), hop('2 ', 'a')];
  await expect(run(repeatedToken).driver.generate(request)).rejects.toThrow('the token of an earlier part');
  expect(countRows()).toBe(1);
  const resumed = resume([hop('2 ', 'b'), { pieces: ['3'] }]);
  expect((await resumed.driver.generate(request)).text).toBe('1 2 3');
});

test('the hops of a truncated reply are kept, so that only its last hop is requested again', async () => {
  await run([hop('1 ', 'a'), { pieces: ['2'], finishReason: 'MAX_TOKENS' }]).driver.generate(request);
  const resumed = resume([{ pieces: ['2!'] }]);
  expect((await resumed.driver.generate(request)).text).toBe('1 2!');
  expect(listTokens(resumed)).toEqual(['a']);
});

test('the hops of invalid JSON are deleted, so that a resumed run requests the whole reply again', async () => {
  const jsonRequest: GenerateRequest = { ...request, parameters: { format: 'json' } };
  const invalid = [hop('{"a": ', 'a'), { pieces: ['oops}'] }];
  // A request is sent once more after an invalid reply.
  await expect(run([...invalid, ...invalid]).driver.generate(jsonRequest)).rejects.toThrow('is not JSON');
  expect(countRows()).toBe(0);
  const resumed = resume([hop('{"a": ', 'b'), { pieces: ['1}'] }]);
  expect((await resumed.driver.generate(jsonRequest)).text).toBe('{"a": 1}');
  expect(listTokens(resumed)).toEqual([undefined, 'b']);
});

test('a hop of a fallback model is not reused with --no-fallback', async () => {
  const turn = { role: 'model', text: '1 ', model: 'other' } as const;
  const scripts = [{ ...hop('1 ', 'a'), response: { turn } }, failure];
  await expect(run(scripts).driver.generate(request)).rejects.toThrow('lost');
  const withoutFallback = resume([{ pieces: ['own'] }], { acceptFallbackReplies: false });
  expect((await withoutFallback.driver.generate(request)).text).toBe('own');
});
