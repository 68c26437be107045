import { join } from 'node:path';
import LibSql from 'libsql';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { databasePath } from '../../../src/database/open.js';
import { buildNarrative, canaryKey, createTemporaryFolder, startBoticelli } from '../../helpers/boticelli.js';
import { dayQuotaError } from '../../helpers/gemini/errors.js';
import { breakOff, createLongReply, type LongReply } from '../../helpers/gemini/long-reply.js';
import type { ScriptedReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

// A test with large replies and real pauses takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const model = 'gemini-4-argon';
const settings = `[providers.gemini.prices."${model}"]\ninput = 2\noutput = 10\n`;

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

/**
 * A folder with `narrative`. By default, that narrative has one act, and `head` is a line of its table [narrative]. The
 * server sends `reply`, and breaks off hop `lostHop` once. A hop is one of the requests that together get a long reply.
 * `lostHop` must be at least 2: the helper recognizes a hop by the continuation token of the hop's request, and the
 * request of hop 1 has no token.
 */
function setup(
  reply: LongReply,
  {
    lostHop,
    head = '',
    narrative = buildNarrative(1, `model = "${model}"\n${head}`),
  }: { lostHop?: number; head?: string; narrative?: string } = {},
) {
  let hasLostHop = false;
  server.setDefaultReply((request): ScriptedReply => {
    const script = reply.respond(request);
    if (hasLostHop || lostHop === undefined || request.body.continuationToken !== `hop-${lostHop - 1}`) return script;
    hasLostHop = true;
    return breakOff(script);
  });
  const cwd = createTemporaryFolder(onTestFinished, { 'long.toml': narrative, 'boticelli.toml': settings });
  const stateEnv = { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' };
  const env = { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, HOME: cwd, ...stateEnv };
  return {
    cwd,
    options: { cwd, server, env: stateEnv },
    run: (...args: string[]) => runInProcess(['run', join(cwd, 'long.toml'), ...args], { env, cwd }),
    runCommand: (...args: string[]) => runInProcess(args, { env, cwd }),
  };
}

const listContinuationTokens = () => server.generateRequests.map(({ body }) => body.continuationToken);

describe('a reply of 100,000 tokens in four hops, with a connection lost in hop 3', () => {
  const long = createLongReply([25_000, 25_000, 25_000, 25_000]);

  test('is one reply of five requests, each of which is counted in the quota; its usage and its cost are the sums of the four hops', async () => {
    const { run, runCommand } = setup(long, { lostHop: 3 });
    const { stdout, stderr, code } = await run('-o', 'json');
    const document = JSON.parse(stdout);
    const [act] = document.acts;
    expect(act.text === long.text).toBe(true);
    expect([code, act.attempts, act.finishReason, act.reused]).toEqual([0, 5, 'STOP', false]);
    const { promptTokens, outputTokens } = long.usage;
    const usage = { thoughtTokens: 0, promptTokens, outputTokens, totalTokens: promptTokens + outputTokens };
    // Without --stream, nothing of the lost request arrives, so it adds no usage.
    expect([act.usage, document.usage]).toEqual([usage, usage]);
    expect(act.costUsd).toBeCloseTo((promptTokens * 2 + outputTokens * 10) / 1e6, 9);
    expect(stderr).toContain(
      'act_1: part 1 of the reply ended after 25,000 tokens, at the limit of one request; requesting part 2\n',
    );

    expect(listContinuationTokens()).toEqual([undefined, 'hop-1', 'hop-2', 'hop-2', 'hop-3']);
    const [first, ...later] = server.generateRequests.map(({ body }) => body);
    for (const { continuationToken: _, ...body } of later) expect(body).toEqual(first);
    const limits = JSON.parse((await runCommand('limits', '--format', 'json')).stdout);
    const counted = limits.models.find((entry: { model: string }) => entry.model === model);
    expect(counted.minute.requests).toEqual({ used: 5, booked: 0 });
  });

  test('is streamed: `keepChars` says which text a retry keeps, so that the deltas add up to the reply', async () => {
    const { run } = setup(long, { lostHop: 3 });
    const { stdout, stderr, code } = await run('--stream', '-o', 'ndjson');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    let text = '';
    for (const event of events) {
      if (event.type === 'act-delta') text += event.text;
      if (event.type === 'act-retry' && event.discard) text = text.slice(0, event.keepChars ?? 0);
    }
    const [retry] = parseEvents(stdout, 'act-retry');
    const kept = long.hopTexts.slice(0, 2).join('').length;
    expect(retry).toMatchObject({ attempt: 1, discard: true, keepChars: kept, error: { code: 'stream_interrupted' } });
    expect([code, text === long.text]).toEqual([0, true]);
    expect(parseEvents(stdout, 'act-end')[0].text === long.text).toBe(true);
    const [end] = parseEvents(stdout, 'act-end');
    expect(end.attempts).toBe(5);
    // The lost hop had sent half of its 25,000 tokens, after a prompt of 50,010.
    const [promptTokens, outputTokens] = [long.usage.promptTokens + 50_010, long.usage.outputTokens + 12_500];
    expect(end.usage).toMatchObject({ promptTokens, outputTokens });
    expect(end.costUsd).toBeCloseTo((promptTokens * 2 + outputTokens * 10) / 1e6, 9);
    expect(stderr).toMatch(
      /^act_1: the end of the text above \([\d,]+ characters\) is discarded; that part of the reply starts again$/m,
    );
    expect(server.generateRequests).toHaveLength(5);
  });

  test('ends a run that streams to a pipe, because printed text cannot be taken back; --resume continues after hop 2', async () => {
    const { run, runCommand } = setup(long, { lostHop: 3 });
    const stopped = await run('--stream');
    expect(stopped.code).toBe(69);
    expect(stopped.stdout.startsWith(long.hopTexts.slice(0, 2).join(''))).toBe(true);
    expect(stopped.stderr).toContain('boticelli: act_1: the stream was interrupted: ');
    expect(stopped.stderr).toMatch(/Resume with: boticelli run .*long\.toml --stream --resume\n$/);
    expect(server.generateRequests).toHaveLength(3);
    const [record] = JSON.parse((await runCommand('runs', '--format', 'json')).stdout).runs;
    expect(record).toMatchObject({ status: 'failed', attempts: 3 });

    const resumed = await run('--stream', '--resume');
    expect([resumed.code, resumed.stdout === `${long.text}\n`]).toEqual([0, true]);
    expect(listContinuationTokens().slice(3)).toEqual(['hop-2', 'hop-3']);
  });
});

describe('a run that is killed in hop 3', () => {
  test('is resumed with two more requests, and only these two are billed to the resumed run', async () => {
    const long = createLongReply([50, 50, 50, 50]);
    const { cwd, options } = setup(long);
    const respond = (request: Parameters<LongReply['respond']>[0]) => long.respond(request);
    server.setDefaultReply((request) =>
      request.body.continuationToken === 'hop-2' ? { end: 'stall-before-headers' } : respond(request),
    );
    const killed = startBoticelli(['run', 'long.toml'], options);
    await server.waitForRequests(3);
    killed.child.kill('SIGKILL');
    await killed.result;

    server.setDefaultReply(respond);
    const { stdout, stderr } = await runInProcess(['run', 'long.toml', '--resume', '-o', 'json'], options);
    const document = JSON.parse(stdout);
    expect(document.acts).toMatchObject([{ text: long.text, reused: false, attempts: 2 }]);
    expect(listContinuationTokens().slice(3)).toEqual(['hop-2', 'hop-3']);
    // The prompt of a hop has 10 tokens, and 50 for each earlier hop: 110 in hop 3, 160 in hop 4.
    expect(document.usage).toMatchObject({ promptTokens: 110 + 160, outputTokens: 100 });
    expect(document.costUsd).toBeCloseTo((270 * 2 + 100 * 10) / 1e6, 9);
    expect(stderr).toContain('act_1: part 2 of the reply is reused from an earlier run (no request, no cost)\n');

    // The stored hops are deleted once the whole reply is stored.
    const database = new LibSql(databasePath(join(cwd, 'state')));
    onTestFinished(() => void database.close());
    expect(database.prepare('SELECT count(*) FROM answers').raw(true).get()).toEqual([1]);
    const again = JSON.parse((await runInProcess(['run', 'long.toml', '--resume', '-o', 'json'], options)).stdout);
    expect(again.acts).toMatchObject([{ text: long.text, reused: true, attempts: 0 }]);
    expect(server.generateRequests).toHaveLength(5);
  });
});

describe('a later hop', () => {
  const long = createLongReply([30, 30, 30]);

  test('is not sent if --max-cost does not allow it, and the hops before it are billed', async () => {
    const { run } = setup(long);
    const { stdout, code } = await run('-o', 'ndjson', '--max-cost', '0.00035');
    expect(code).toBe(75);
    const [end] = parseEvents(stdout, 'narrative-end');
    expect(end).toMatchObject({ error: { code: 'budget_exceeded' }, usage: { outputTokens: 30 } });
    expect(end.costUsd).toBeCloseTo((10 * 2 + 30 * 10) / 1e6, 9);
    expect(server.generateRequests).toHaveLength(1);
  });

  test('is estimated to be at most as long as what remains of max_tokens after the earlier hops', async () => {
    // Before a request with a reply of 90 tokens is sent, its cost is estimated at $0.00091 (3 prompt tokens). Hop 1
    // really costs $0.00032 (10 prompt tokens, 30 reply tokens). If 90 tokens were estimated for hop 2 too, the run would
    // exceed the limit and end.
    const { run } = setup(long, { head: 'max_tokens = 90' });
    expect(await run('--max-cost', '0.0012')).toMatchObject({ code: 0, stdout: `${long.text}\n` });
    expect(server.generateRequests.map(({ body }) => body.generationConfig)).toEqual(
      Array(3).fill({ maxOutputTokens: 90 }),
    );
  });

  test('is sent only to the model that served the first hop, not to the next fallback', async () => {
    const { run } = setup(long);
    server.setDefaultReply((request) =>
      request.model === model || request.body.continuationToken === 'hop-2'
        ? dayQuotaError(request.model)
        : long.respond(request),
    );
    const { stdout, code } = await run('-o', 'ndjson', '--fallback', 'gemini-b', '--fallback', 'gemini-c');
    expect(parseEvents(stdout, 'act-fallback')).toMatchObject([{ from: model, to: 'gemini-b' }]);
    expect([code, parseEvents(stdout, 'narrative-end')[0].error.code]).toEqual([75, 'quota_exhausted']);
    expect(server.generateRequests.map((request) => request.model)).toEqual([
      model,
      'gemini-b',
      'gemini-b',
      'gemini-b',
    ]);
  });

  test('whose stored continuation token is rejected ends the run with a hint; --from then requests the whole reply again', async () => {
    const { run } = setup(long);
    const rejection = { status: 400, body: { error: { code: 400, message: 'bad token', status: 'INVALID_ARGUMENT' } } };
    server.setDefaultReply((request) =>
      request.body.continuationToken === 'hop-1' ? rejection : long.respond(request),
    );
    expect((await run()).code).toBe(69);
    const { code, stderr } = await run('--resume');
    expect(code).toBe(69);
    expect(stderr).toContain('The stored parts of the reply may be too old to continue.');
    server.setDefaultReply(long.respond);
    expect((await run('--resume', '--from', 'act_1')).stdout).toBe(`${long.text}\n`);
  });
});

test('a JSON reply of three hops is validated and recorded as a whole', async () => {
  const parts = ['{"name": "A', 'da"', ', "size": 3}'];
  const long = createLongReply([1, 1, 1]);
  const respond: LongReply['respond'] = (request) => {
    const script = long.respond(request);
    const hop = Number(request.body.continuationToken?.slice(4) ?? 0);
    const [candidate] = script.chunks?.[0]?.candidates ?? [];
    const content = { role: 'model', parts: [{ text: parts[hop] ?? '' }] };
    return { ...script, chunks: [{ ...script.chunks?.[0], candidates: [{ ...candidate, content }] }] };
  };
  const narrative = `[narrative]\nname = "json"\nmodel = "${model}"\n[toc]\norder = ["find"]\n[acts.find]\nformat = "json"\n[[acts.find.input]]\ntype = "text"\ncontent = "Who?"\n`;
  const { run, cwd } = setup({ ...long, respond }, { narrative });
  const file = join(cwd, 'replies.ndjson');
  const recorded = await run('--record', file);
  expect(recorded).toMatchObject({ code: 0, stdout: `${parts.join('')}\n` });
  expect(server.generateRequests).toHaveLength(3);
  expect(await run('--replay', file)).toMatchObject({ code: 0, stdout: `${parts.join('')}\n` });
  expect(server.generateRequests).toHaveLength(3);
});
