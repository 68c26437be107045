import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/database/open.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { createSqliteReplyCache } from '../../../src/store/replies/reply-cache.js';
import { type ReplyCacheOptions, withReplyCache } from '../../../src/store/replies/with-reply-cache.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';
import { openTestDatabase } from '../../helpers/test-database.js';

let database: Database.Database;
beforeEach(async () => {
  database = await openTestDatabase(createTemporaryFolder(onTestFinished));
});

const createRequest = (text: string, model = 'm', rest: Partial<GenerateRequest> = {}): GenerateRequest => ({
  ...{ model, turns: [{ role: 'user', parts: [{ type: 'text', text }] }], parameters: {} },
  ...rest,
});

/** A run with the database: its driver, and the inner driver that receives the requests sent. */
function run(scripts: ScriptedCall[] = [], options: Partial<ReplyCacheOptions> = {}, now = Date.now()) {
  const inner = createScriptedDriver(scripts);
  const cache = createSqliteReplyCache(database, 'n', () => now);
  return { inner, driver: withReplyCache({ cache, ...options }, inner) };
}
const resume = (scripts: ScriptedCall[] = [], options: Partial<ReplyCacheOptions> = {}) =>
  run(scripts, { canReuse: () => true, ...options });

describe('a request with a reply from an earlier run', () => {
  test('is not sent again: its reply is reused, with `reused: true`', async () => {
    const first = await run([{ pieces: ['The ', 'reply\0 \ud83d\ude00'] }]).driver.generate(createRequest('Q'));
    const { driver, inner } = resume();
    expect(await driver.generate(createRequest('Q'))).toEqual({ ...first, reused: true });
    expect(inner.requests).toEqual([]);
  });

  test('is sent again without --resume, and its newest reply is reused later', async () => {
    await run([{ pieces: ['old'] }]).driver.generate(createRequest('Q'));
    await run([{ pieces: ['new'] }], {}, Date.now() + 5).driver.generate(createRequest('Q'));
    expect((await resume().driver.generate(createRequest('Q'))).text).toBe('new');
  });

  test('gets its reply in one chunk if it is streamed; streamed and unstreamed requests share their replies', async () => {
    for await (const _ of run([{ pieces: ['a', 'b'] }]).driver.generateStream(createRequest('Q')));
    const { driver, inner } = resume();
    const chunks = [];
    for await (const chunk of driver.generateStream(createRequest('Q'))) chunks.push(chunk);
    expect(chunks).toMatchObject([{ text: 'ab', finished: true, response: { text: 'ab', reused: true } }]);
    expect((await resume().driver.generate(createRequest('Q'))).reused).toBe(true);
    expect(inner.requests).toEqual([]);
  });

  test('gets the native parts that the provider needs to continue the conversation', async () => {
    const { inner, driver } = run();
    const native = [{ text: 'x', thoughtSignature: 'c2lnbmF0dXJl' }];
    const generate = inner.generate;
    inner.generate = async (request, context) => {
      const response = await generate(request, context);
      return { ...response, turn: { ...response.turn, native } };
    };
    await driver.generate(createRequest('Q'));
    expect((await resume().driver.generate(createRequest('Q'))).turn.native).toEqual(native);
  });

  test('is sent again if `canReuse` returns false, as it does for the act of --from and all later acts', async () => {
    await run().driver.generate(createRequest('Q'));
    let canReuse = true;
    const { driver, inner } = resume([], { canReuse: () => canReuse });
    expect((await driver.generate(createRequest('Q'))).reused).toBe(true);
    canReuse = false;
    expect((await driver.generate(createRequest('Q'))).reused).toBeUndefined();
    expect(inner.requests).toHaveLength(1);
  });
});

test('stores a complete reply whose finish reason is in lower case', async () => {
  await run([{ pieces: ['whole'], finishReason: 'stop' }]).driver.generate(createRequest('Q'));
  expect(await resume().driver.generate(createRequest('Q'))).toMatchObject({ text: 'whole', finishReason: 'stop' });
});

test('stores a reply for each of several equal requests of a run', async () => {
  const first = run([{ pieces: ['one'] }, { pieces: ['two'] }, { pieces: ['three'] }]);
  for (let round = 0; round < 3; round += 1) await first.driver.generate(createRequest('Q'));
  const { driver, inner } = resume([{ pieces: ['four'] }]);
  const texts = [];
  for (let round = 0; round < 4; round += 1) texts.push((await driver.generate(createRequest('Q'))).text);
  expect(texts).toEqual(['one', 'two', 'three', 'four']);
  expect(inner.requests).toHaveLength(1);
});

test('a call that replaces a failed stream does not count as a second request: a resumed run reuses its reply', async () => {
  const { driver } = run([{ error: new Error('no streams') }, { pieces: ['whole'] }]);
  await expect(async () => {
    for await (const _ of driver.generateStream(createRequest('Q')));
  }).rejects.toThrow('no streams');
  await driver.generate(createRequest('Q'));
  expect((await resume().driver.generate(createRequest('Q'))).text).toBe('whole');
});

describe('a reply that may be incomplete', () => {
  test.each(['MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER', 'LANGUAGE', 'NEW', 'FINISH_REASON_UNSPECIFIED', ''])(
    'is not reused with the finish reason %j',
    async (reason) => {
      await run([{ pieces: ['half'], finishReason: reason }]).driver.generate(createRequest('Q'));
      const { driver, inner } = resume();
      await driver.generate(createRequest('Q'));
      expect(inner.requests).toHaveLength(1);
    },
  );

  test('does not replace a complete reply', async () => {
    await run([{ pieces: ['whole'] }]).driver.generate(createRequest('Q'));
    await run([{ pieces: ['half'], finishReason: 'MAX_TOKENS' }]).driver.generate(createRequest('Q'));
    expect((await resume().driver.generate(createRequest('Q'))).text).toBe('whole');
  });

  test('is not reused even if its text is valid JSON', async () => {
    const request = createRequest('Q', 'm', { parameters: { format: 'json' } });
    await run([{ pieces: ['{"a":1}'], finishReason: 'OTHER' }]).driver.generate(request);
    expect((await resume().driver.generate(request)).reused).toBeUndefined();
  });

  test('is not reused if its stream was not read to the end', async () => {
    for await (const _ of run([{ pieces: ['a', 'b'] }]).driver.generateStream(createRequest('Q'))) break;
    expect((await resume().driver.generate(createRequest('Q'))).reused).toBeUndefined();
  });
});

describe('a reply from a fallback model', () => {
  beforeEach(async () => {
    const { driver, inner } = run();
    inner.generate = async () => ({
      ...{ text: 'from b', model: 'b-001', finishReason: 'STOP' },
      usage: { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 },
      turn: { role: 'model', text: 'from b', model: 'b' },
    });
    await driver.generate(createRequest('Q', 'a'));
  });

  test('is reused for the requested model', async () => {
    expect((await resume().driver.generate(createRequest('Q', 'a'))).text).toBe('from b');
  });

  test('is not reused with --no-fallback, but a stored reply of the requested model is', async () => {
    const withoutFallback = { acceptFallbackReplies: false };
    expect(
      (await resume([{ pieces: ['from a'] }], withoutFallback).driver.generate(createRequest('Q', 'a'))).text,
    ).toBe('from a');
    expect((await resume([], withoutFallback).driver.generate(createRequest('Q', 'a'))).text).toBe('from a');
  });

  test('is not reused for a request to the fallback model', async () => {
    expect((await resume().driver.generate(createRequest('Q', 'b'))).reused).toBeUndefined();
  });
});

test('stores the text of a spoken reply, and reports that the audio is missing when the reply is reused', async () => {
  const { inner, driver } = run();
  const generate = inner.generate;
  const audio = { pcm: new Uint8Array(48_000), sampleRate: 24_000 };
  inner.generate = async (request, context) => ({ ...(await generate(request, context)), audio });
  expect((await driver.generate(createRequest('Q'))).audio).toBe(audio);
  const events: DriverEvent[] = [];
  const reused = await resume().driver.generate(createRequest('Q'), { emit: (event) => events.push(event) });
  expect(reused).toMatchObject({ text: 'Reply 1', reused: true });
  expect(reused.audio).toBeUndefined();
  expect(events).toMatchObject([{ type: 'note', about: 'reply' }]);
});

test('closes the inner driver', async () => {
  let closed = 0;
  const { driver, inner } = run();
  inner.close = async () => {
    closed += 1;
  };
  await driver.close?.();
  expect(closed).toBe(1);
});
