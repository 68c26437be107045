import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
  startShell,
} from '../../helpers/boticelli.js';
import { dayQuotaError, overloadedError } from '../../helpers/gemini/errors.js';
import {
  createChunk,
  createGate,
  emptyReply,
  formatSseEvent,
  packetReply,
  textReply,
} from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

/** A folder with `one.toml` and `four.toml`, narratives of one and four acts. */
const createFolder = () =>
  createTemporaryFolder(onTestFinished, {
    'one.toml': buildNarrative(1),
    'four.toml': buildNarrative(4, 'temperature = 0.5'),
  });

describe('a narrative of four acts', () => {
  test.each([{ flags: [] }, { flags: ['--stream'] }])(
    'makes four calls, the nth with 2n-1 turns ($flags)',
    async ({ flags }) => {
      const { code, stdout } = await runBoticelli(['run', 'four.toml', ...flags], { server, cwd: createFolder() });
      expect(code).toBe(0);
      expect(server.requests).toHaveLength(4);
      for (const [index, { body, action, model }] of server.generateRequests.entries()) {
        const roles = body.contents.map(({ role }: { role: string }) => role);
        expect(roles).toEqual(Array.from({ length: 2 * index + 1 }, (_, turn) => (turn % 2 ? 'model' : 'user')));
        expect(action).toBe(flags.length > 0 ? 'streamGenerateContent' : 'generateContent');
        expect(model).toBe('gemini-flash-lite-latest');
        expect(body.generationConfig).toEqual({ temperature: 0.5 });
      }
      expect(stdout).toBe(
        [1, 2, 3, 4].map((n) => `Reply ${n} of gemini-flash-lite-latest to "Question ${n}"\n`).join('\n'),
      );
    },
  );

  test('sends the model and parameters of the flags in every call, whatever the file says', async () => {
    const flags = ['--model', 'models/gemini-3.8-flash', '--temperature', '1.5', '--max-tokens', '77'];
    const { code } = await runBoticelli(['run', 'four.toml', ...flags], { server, cwd: createFolder() });
    expect(code).toBe(0);
    expect(server.generateRequests.map(({ model }) => model)).toEqual(Array(4).fill('gemini-3.8-flash'));
    expect(server.generateRequests[3]?.body.generationConfig).toEqual({ temperature: 1.5, maxOutputTokens: 77 });
  });

  test('prints the same bytes and the same json with and without --stream', async () => {
    const cwd = createFolder();
    const run = (...flags: string[]) => runInProcess(['run', 'four.toml', ...flags], { server, cwd });
    expect((await run('--stream')).stdout).toBe((await run()).stdout);
    const parseWithoutVaryingFields = (json: string) =>
      JSON.parse(json, (key, value) => (/^run$|Ms$/.test(key) ? undefined : value));
    const withoutStream = await run('-o', 'json');
    expect(parseWithoutVaryingFields((await run('-o', 'json', '--stream')).stdout)).toEqual(
      parseWithoutVaryingFields(withoutStream.stdout),
    );
    expect(JSON.parse(withoutStream.stdout)).toMatchObject({ narrative: 'test', status: 'completed' });
    expect(JSON.parse(withoutStream.stdout).acts).toHaveLength(4);
  });

  test('prints its events as ndjson, one per line', async () => {
    const { stdout } = await runInProcess(['run', 'four.toml', '-o', 'ndjson', '--stream'], {
      server,
      cwd: createFolder(),
    });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: 'narrative-start', acts: ['act_1', 'act_2', 'act_3', 'act_4'] });
    const deltas = events.filter(({ type, act }) => type === 'act-delta' && act === 'act_2');
    const end = events.find(({ type, act }) => type === 'act-end' && act === 'act_2');
    expect(deltas.map(({ text }) => text).join('')).toBe(end.text);
    expect(events.at(-1)).toMatchObject({ type: 'narrative-end', status: 'completed' });
  });

  test('prints only the replies that --only or --last selects, though all acts run; an unknown act is a usage error', async () => {
    const cwd = createFolder();
    const only = await runInProcess(['run', 'four.toml', '--only', 'act_2', '--only', 'act_3'], { server, cwd });
    expect(only.stdout).toMatch(/^Reply 2 .*\n\nReply 3 .*\n$/);
    const last = await runInProcess(['run', 'four.toml', '--last', '--stream'], { server, cwd });
    expect(last.stdout).toMatch(/^Reply 4 .*\n$/);
    const json = await runInProcess(['run', 'four.toml', '--last', '-o', 'json'], { server, cwd });
    expect(JSON.parse(json.stdout).acts).toMatchObject([{ act: 'act_4' }]);
    expect(server.generateRequests).toHaveLength(12);
    const unknown = await runInProcess(['run', 'four.toml', '--only', 'act_9'], { server, cwd });
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('Acts: act_1, act_2, act_3, act_4.');
    expect(server.generateRequests).toHaveLength(12);
  });

  test('writes its replies to --out-dir, also those before a failure', async () => {
    const cwd = createFolder();
    const { code } = await runInProcess(['run', 'four.toml', '--out-dir', 'out'], { server, cwd });
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'out'))).toEqual([...[1, 2, 3, 4].map((n) => `0${n}-act_${n}.md`), 'run.json']);

    server.queueReplies(textReply('A'), emptyReply('SAFETY'));
    const failed = await runInProcess(['run', 'four.toml', '--out-dir', 'failed'], { server, cwd });
    expect(failed.code).toBe(76);
    expect(readdirSync(join(cwd, 'failed'))).toEqual(['01-act_1.md', 'run.json']);
    expect(JSON.parse(readFileSync(join(cwd, 'failed/run.json'), 'utf8'))).toMatchObject({
      status: 'failed',
      error: { code: 'blocked', act: 'act_2' },
    });
  });
});

test('reads the narrative from standard input if the argument is -', async () => {
  const { code, stdout } = await runBoticelli(['run', '-'], { server, input: buildNarrative(1) });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Reply 1 of gemini-flash-lite-latest to "Question 1"\n' });
});

test('uses BOTICELLI_MODEL if the narrative names no model', async () => {
  const env = { BOTICELLI_MODEL: 'gemini-3.5-flash' };
  await runBoticelli(['run', 'one.toml'], { server, env, cwd: createFolder() });
  expect(server.generateRequests[0]?.model).toBe('gemini-3.5-flash');
});

test('a rehearsal needs no key and no network, and is marked as a rehearsal in every format', async () => {
  const cwd = createFolder();
  const plain = await runInProcess(['run', 'four.toml', '--rehearse'], { cwd });
  expect(plain.code).toBe(0);
  expect(plain.stdout.split('\n\n')).toHaveLength(4);
  expect(plain.stdout).toMatch(/^\[rehearsal\] /);
  expect(plain.stderr).toContain('rehearsal');
  const json = await runInProcess(['run', 'four.toml', '--rehearse', '-o', 'json'], { cwd });
  for (const act of JSON.parse(json.stdout).acts) expect(act).toMatchObject({ model: 'rehearsal' });
  const ndjson = await runInProcess(['run', 'four.toml', '--rehearse', '-o', 'ndjson', '--stream'], { cwd });
  expect(ndjson.stdout.match(/"model":"rehearsal"/g)).toHaveLength(4);
});

describe('with a pipe as standard output, the program', () => {
  test('prints each piece of a stream before the server sends the next one', async () => {
    const gate = createGate();
    server.queueReplies(textReply(['one ', 'two ', 'three'], { gate }));
    const running = startBoticelli(['run', 'one.toml', '--stream'], { server, cwd: createFolder() });
    for (const textSoFar of ['one ', 'one two ', 'one two three']) {
      gate.release();
      await running.waitForOutput(textSoFar);
    }
    expect(await running.result).toMatchObject({ code: 0, stdout: 'one two three\n' });
  });

  test('ends the run at once, quietly and without a further call, when the pipe closes during a stream', async () => {
    server.setDefaultReply(
      textReply(
        Array.from({ length: 200 }, (_, n) => `line ${n}\n`),
        { delayMs: 50 },
      ),
    );
    const script = 'boticelli run four.toml --stream -q | head -1; echo "$PIPESTATUS"';
    const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
    expect(stdout).toBe('line 0\n141\n');
    expect(stderr).toBe('');
    expect(server.requests).toHaveLength(1);
    const closedAfterMs = (await server.requests[0]!.whenClosedEarly) - server.requests[0]!.receivedAtMs;
    expect(closedAfterMs).toBeLessThan(1000);
  });

  test('ends the run when the pipe closes at the very end of a stream', async () => {
    server.setDefaultReply(textReply(['One', ' two\nthree', ' four'], { delayMs: 50 }));
    const script = 'boticelli run four.toml --stream | head -1; echo "$PIPESTATUS"';
    const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
    expect(stdout).toBe('One two\n141\n');
    expect(stderr).toBe('[1/4] act_1 gemini-flash-lite-latest\n');
    expect(server.requests).toHaveLength(1);
  });

  test('without --stream, ends the run at the next reply when the pipe closes after the first one', async () => {
    const script = 'boticelli run four.toml -q | head -1; echo "$PIPESTATUS"';
    const { stdout, stderr } = await startShell(script, { server, cwd: createFolder() }).result;
    expect({ stdout: stdout.split('\n').at(-2), stderr }).toEqual({ stdout: '141', stderr: '' });
    expect(server.requests.length).toBeLessThanOrEqual(2);
  });

  test("stops the run if an attempt breaks off after text, because text in a pipe can't be discarded", async () => {
    server.queueReplies(packetReply(formatSseEvent(createChunk('so far'))));
    const { code, stdout, stderr } = await runInProcess(['run', 'four.toml', '--stream'], {
      server,
      cwd: createFolder(),
    });
    expect({ code, stdout }).toEqual({ code: 69, stdout: 'so far\n' });
    expect(stderr).toContain('boticelli: act_1: ');
    expect(server.requests).toHaveLength(1);
  });

  test('in ndjson, repeats an attempt that broke off after text, with an event that discards the text', async () => {
    server.queueReplies(packetReply(formatSseEvent(createChunk('so far'))), textReply('whole'));
    const { code, stdout } = await runInProcess(['run', 'one.toml', '--stream', '-o', 'ndjson'], {
      server,
      cwd: createFolder(),
    });
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const outputEvents = events.filter(({ type }) => /delta|retry|end/.test(type));
    expect(outputEvents).toMatchObject([
      { type: 'act-delta', text: 'so far' },
      { type: 'act-retry', discard: true, error: { code: 'stream_interrupted' } },
      { type: 'act-delta', text: 'whole' },
      { type: 'act-end', text: 'whole', attempts: 2 },
      { type: 'narrative-end', status: 'completed' },
    ]);
  });
});

describe('a failing service', () => {
  test('is retried, and each attempt is reported', async () => {
    server.queueReplies(overloadedError(), overloadedError(), textReply('well'));
    const { code, stdout, stderr } = await runInProcess(['run', 'one.toml'], { server, cwd: createFolder() });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'well\n' });
    expect(stderr).toMatch(/attempt 1 failed.*\n.*attempt 2 failed.*\n.*3 attempts/);
    expect(server.generateRequests).toHaveLength(3);
  });

  test('is not retried more often than --retries allows', async () => {
    server.setDefaultReply(overloadedError());
    const { code } = await runInProcess(['run', 'one.toml', '--retries', '1'], { server, cwd: createFolder() });
    expect(code).toBe(69);
    expect(server.generateRequests).toHaveLength(2);
  });

  test('with a used-up daily quota is called once, and the message says when to try again', async () => {
    server.setDefaultReply(dayQuotaError('gemini-flash-lite-latest'));
    const env = { TZ: 'America/Los_Angeles' };
    const { code, stderr } = await runBoticelli(['run', 'one.toml'], { server, env, cwd: createFolder() });
    expect(code).toBe(75);
    expect(stderr).toMatch(/Try again (after \w{3},? \d+ \w{3},? 00:00|in .*, at 00:00:00)/);
    expect(server.generateRequests).toHaveLength(1);
  });

  test('that does not respond in time is not called again', async () => {
    server.setDefaultReply({ end: 'stall-before-headers' });
    const { code } = await runInProcess(['run', 'one.toml', '--timeout', '200ms'], { server, cwd: createFolder() });
    expect(code).toBe(124);
    expect(server.generateRequests).toHaveLength(1);
    expect(await server.generateRequests[0]?.whenClosedEarly).toBeTypeOf('number');
  });

  test('that stops sending in the middle of a stream ends the run with 124 after --idle-timeout', async () => {
    server.setDefaultReply(textReply(['a', 'b'], { end: 'stall' }));
    const flags = ['--stream', '--idle-timeout', '200ms'];
    const { code, stdout } = await runInProcess(['run', 'one.toml', ...flags], { server, cwd: createFolder() });
    expect({ code, stdout }).toEqual({ code: 124, stdout: 'ab\n' });
  });
});
