import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey, createTemporaryFolder, startBoticelli, startInTerminal } from '../../helpers/boticelli.js';
import { errorReply } from '../../helpers/gemini/errors.js';
import {
  createChunk,
  createGate,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
} from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { killActs } from '../../soak/kill-acts.js';
import { parseEvents } from '../quota-fixture.js';
import { getPrompt } from './rows-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

/** Renders a narrative from the prompt and the `context` (in TOML) of each act. */
function renderNarrative(acts: Record<string, [prompt: string, context: string]>, order = Object.keys(acts)): string {
  const tables = Object.entries(acts).map(
    ([name, [prompt, context]]) =>
      `[acts.${name}]\ncontext = ${context}\n[[acts.${name}.input]]\ntype = "text"\ncontent = "${prompt}"\n`,
  );
  return `[narrative]\nname = "n"\n[toc]\norder = ${JSON.stringify(order)}\n${tables.join('')}`;
}

const diamond = renderNarrative({
  a: ['A', '"none"'],
  b: ['B', '["a"]'],
  c: ['C', '["a"]'],
  d: ['D', '["b", "c"]'],
});

const indexedActs = ['0 a', '1 b', '2 c', '3 d'];
const delayMs = 60;

/** A folder with a narrative of four acts and with its own state folder. `b` and `c` do not depend on each other. */
function setup(files: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': diamond, ...files });
  const state = { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1', NO_COLOR: '1' };
  const env = { ...state, GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url };
  const toArgs = (args: string) => args.split(' ');
  return {
    run: (args: string) => runInProcess(['run', ...toArgs(args)], { cwd, env }),
    startInTerminal: (args: string) => startInTerminal(['run', ...toArgs(args)], { cwd, server, env: state }),
    start: (args: string) => startBoticelli(['run', ...toArgs(args)], { cwd, server, env: state }),
    showLastRun: () => runInProcess(['runs', 'show'], { cwd, env }),
    read: (name: string) => readFileSync(join(cwd, name), 'utf8'),
    has: (name: string) => existsSync(join(cwd, name)),
  };
}

/** Makes the server send `replies[prompt]`, or for any other prompt a reply with the number of the request. */
function replyByPrompt(replies: Record<string, ScriptedReply> = {}): void {
  let count = 0;
  server.setDefaultReply((request) => {
    count += 1;
    const prompt = getPrompt(request);
    return replies[prompt] ?? textReply(`reply ${count} to ${prompt}`, { headersDelayMs: delayMs });
  });
}

/** Returns the prompts of the requests since a position, sorted. */
const listPrompts = (from = 0) => server.generateRequests.slice(from).map(getPrompt).sort();

/**
 * Returns the maximum number of requests that were in flight at the same time. Counts each request as in flight for
 * `delayMs` minus 5 ms. With the whole of `delayMs`, a request that starts as soon as a reply arrives could seem to
 * overlap with the request that got this reply.
 */
function findMaxInFlight(): number {
  const times = server.generateRequests.map(({ receivedAtMs }) => receivedAtMs);
  return Math.max(...times.map((time) => times.filter((other) => other <= time && time < other + delayMs - 5).length));
}

test('with --jobs, independent acts run in parallel and give the same output and recording as in order', async () => {
  const { run, read } = setup();
  const replies = Object.fromEntries(['A', 'B', 'C', 'D'].map((prompt) => [prompt, textReply(`to ${prompt}`)]));
  replyByPrompt(replies);
  const inOrder = await run('n.toml --record one.ndjson');
  // Neither `b` nor `c` gets its reply before both have sent their requests.
  const gate = createGate();
  replyByPrompt({ ...replies, B: textReply('to B', { gate }), C: textReply('to C', { gate }) });
  const running = run('n.toml --record two.ndjson --jobs 2 -o ndjson --out-dir out.dir');
  // Four requests of the run in order, and those of `a`, `b` and `c` in this run.
  await server.waitForRequests(7);
  gate.releaseAll();
  const { stdout } = await running;
  expect(parseEvents(stdout, 'act-start').map(({ act, index }) => `${index} ${act}`)).toEqual(indexedActs);
  expect(
    parseEvents(stdout, 'act-end')
      .map(({ act, index }) => `${index} ${act}`)
      .sort(),
  ).toEqual(indexedActs);
  expect(parseEvents(stdout, 'narrative-end')).toHaveLength(1);
  expect(JSON.parse(read('out.dir/run.json')).acts.map(({ act }: { act: string }) => act)).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
  expect(read('out.dir/03-c.md')).toBe('to C\n');
  expect(read('two.ndjson')).toBe(read('one.ndjson'));
  for (const flags of ['', ' --stream', ' --resume', ' --replay one.ndjson', ' --resume --stream']) {
    expect(await run(`n.toml --jobs 2${flags}`), flags).toMatchObject({ code: 0, stdout: inOrder.stdout });
  }
  // This test has seven runs: two before the loop, and five in it. The four without --resume and --replay sent four
  // requests each. The others sent none.
  expect(server.generateRequests).toHaveLength(16);
});

test('each of several equal requests keeps its own reply, whether the acts run in parallel or in order', async () => {
  const same = renderNarrative({ a: ['Q', '"none"'], b: ['Q', '"none"'], c: ['Q', '"none"'] });
  for (const [first, second] of [
    ['--jobs 3', '--jobs 1'],
    ['--jobs 1', '--jobs 3'],
  ]) {
    const { run } = setup({ 'same.toml': same });
    let count = 0;
    // The first request gets its reply last.
    server.setDefaultReply(() => {
      count += 1;
      return textReply(`reply ${count}`, { headersDelayMs: 90 - count * 30 });
    });
    const { stdout } = await run(`same.toml ${first} --record r.ndjson`);
    expect(stdout.match(/\d/g)?.sort()).toEqual(['1', '2', '3']);
    expect(await run(`same.toml ${second} --replay r.ndjson`)).toMatchObject({ code: 0, stdout });
    expect(await run(`same.toml ${second} --resume`)).toMatchObject({ code: 0, stdout });
    expect(count).toBe(3);
  }
});

test('never more than --jobs calls are in flight, across acts, narratives, nested narratives and rows', async () => {
  const render = (acts: string, order: string[]) =>
    `[narrative]\nname = "n"\ncontext = "none"\n[toc]\norder = ${JSON.stringify(order)}\n[acts]\n${acts}`;
  const names = ['a', 'b', 'c', 'd', 'e'];
  const renderFiveActs = (text: string) => render(names.map((name) => `${name} = "${name} ${text}"\n`).join(''), names);
  const { run } = setup({
    ...{ 'many.toml': renderFiveActs(''), 'row.toml': renderFiveActs('{{row.x}}'), 'rows.csv': 'x\n1\n2\n3\n' },
    'outer.toml': render('x = "narrative:many"\ny = ["narrative:many", "Y"]\n', ['x', 'y']),
  });
  replyByPrompt();
  // 5 requests of many.toml, 5 + 6 of outer.toml and 4 of n.toml.
  const { code } = await run('many.toml outer.toml n.toml --jobs 3 -o json');
  expect({ code, max: findMaxInFlight(), count: server.generateRequests.length }).toEqual({
    code: 0,
    max: 3,
    count: 20,
  });
  await run('row.toml --each rows.csv --jobs 3 -q');
  expect({ max: findMaxInFlight(), count: server.generateRequests.length }).toEqual({ max: 3, count: 35 });
});

describe('text output of parallel acts', () => {
  const parallel = renderNarrative({ a: ['A', '"none"'], b: ['B', '"none"'], c: ['C', '"none"'] });

  test('streams the first unfinished act, and holds back the text of later acts, whose attempts may still fail', async () => {
    const { start } = setup({ 'p.toml': parallel });
    const gate = createGate();
    let attemptsOfB = 0;
    server.setDefaultReply((request) => {
      if (getPrompt(request) === 'A') return textReply(['one ', 'two'], { gate });
      if (getPrompt(request) === 'C') return textReply('whole');
      attemptsOfB += 1;
      return attemptsOfB === 1 ? packetReply(formatSseEvent(createChunk('half'))) : textReply(['all ', 'of B']);
    });
    const running = start('p.toml --jobs 3 --stream');
    await running.waitForOutput('b: gemini', 'stderr');
    await running.waitForOutput('c: gemini', 'stderr');
    gate.release();
    await running.waitForOutput('one ');
    expect(running.stdout()).toBe('one ');
    gate.releaseAll();
    expect(await running.result).toMatchObject({ code: 0, stdout: 'one two\n\nall of B\n\nwhole\n' });
  });

  test('has a heading above each reply on a terminal', async () => {
    const { startInTerminal: start } = setup({ 'p.toml': parallel });
    const gate = createGate();
    replyByPrompt({ A: textReply('to A', { gate }), B: textReply('to B'), C: textReply('to C') });
    const running = start('p.toml --jobs 3');
    await running.waitForOutput('3 in parallel · a: waiting for gemini');
    for (const act of ['b', 'c']) await running.waitForOutput(`${act}: gemini`);
    gate.releaseAll();
    const { stdout } = await running.result;
    const lines = stdout.match(/\[\d\/3\] [abc]|[abc]: gemini[-\w]+ · \d|to [ABC]\r\n/g) ?? [];
    const shortLines = lines.map((line) => line.replace(/: .*|\r\n/, ''));
    // `b` and `c` end before `a`, so the lines with their usage come first.
    expect(shortLines.slice(0, 2).sort()).toEqual(['b', 'c']);
    expect(shortLines.slice(2)).toEqual(['[1/3] a', 'to A', '[2/3] b', 'to B', '[3/3] c', 'to C', 'a']);
  });
});

describe('failures of parallel acts', () => {
  test('an act that fails lets the parallel act finish and keep its reply; --resume requests only the missing replies', async () => {
    const { run, has } = setup();
    replyByPrompt({ B: errorReply(400, 'no good', []) });
    const failed = await run('n.toml --jobs 2 --out-dir out.dir');
    expect(failed).toMatchObject({ code: 69, stdout: 'reply 1 to A\n' });
    expect(failed.stderr).toMatch(/boticelli: b: .*no good/);
    expect(failed.stderr).toMatch(/^c: gemini-/m);
    expect([has('out.dir/02-b.md'), has('out.dir/03-c.md')]).toEqual([false, true]);
    expect(listPrompts()).toEqual(['A', 'B', 'C']);
    replyByPrompt();
    expect(await run('n.toml --jobs 2 --resume')).toMatchObject({
      code: 0,
      stdout: 'reply 1 to A\n\nreply 1 to B\n\nreply 3 to C\n\nreply 2 to D\n',
    });
    expect(listPrompts(3)).toEqual(['B', 'D']);
  });

  test('if two acts fail, the run ends with the error of the act that comes first in the narrative; the history has the acts in order', async () => {
    const { run, showLastRun } = setup();
    replyByPrompt({ B: { ...textReply(''), chunks: [], body: {} }, C: errorReply(400, 'no good', []) });
    const { code, stdout } = await run('n.toml --jobs 2 --retries 0 -o json');
    const document = JSON.parse(stdout);
    expect({ code, act: document.error.act }).toEqual({ code: 69, act: 'b' });
    expect((await showLastRun()).stdout.match(/^\[\d\/4\] \w$/gm)).toEqual(['[1/4] a', '[2/4] b', '[3/4] c']);
  });
});

test('--from requests the act and all later acts again, even those that do not depend on it', async () => {
  const { run } = setup();
  replyByPrompt();
  await run('n.toml --jobs 2');
  await run('n.toml --jobs 2 --resume --from b');
  expect(listPrompts(4)).toEqual(['B', 'C', 'D']);
  await run('n.toml --jobs 2 --resume --from c');
  expect(listPrompts(7)).toEqual(['C', 'D']);
});

test('--max-cost counts calls in flight, so parallel acts never exceed it', async () => {
  const acts = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, [name, '"none"'] as [string, string]]));
  const settings = '[providers.gemini.prices."m"]\ninput = 1\noutput = 1000\n';
  const { run } = setup({ 'p.toml': renderNarrative(acts), 'boticelli.toml': settings });
  const usage = { promptTokenCount: 1, candidatesTokenCount: 1000, totalTokenCount: 1001 };
  server.setDefaultReply(textReply('reply', { usage, headersDelayMs: delayMs }));
  // Each reply costs a dollar.
  const { code, stdout } = await run(
    'p.toml -m m --max-tokens 1000 --max-cost 2.5 --jobs 4 -o json --config boticelli.toml',
  );
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toMatchObject({
    acts: [{ act: 'a' }, { act: 'b' }],
    error: { act: 'c', code: 'budget_exceeded' },
  });
  expect(server.generateRequests).toHaveLength(2);
});

test('Ctrl-C ends all acts', async () => {
  const { start } = setup();
  replyByPrompt({ B: { end: 'stall-before-headers' }, C: { end: 'stall-before-headers' } });
  const running = start('n.toml --jobs 2 -o json');
  await server.waitForRequests(3);
  running.child.kill('SIGINT');
  const { signal, stdout } = await running.result;
  expect(signal).toBe('SIGINT');
  expect(JSON.parse(stdout)).toMatchObject({ status: 'interrupted', acts: [{ act: 'a' }] });
  expect(server.generateRequests).toHaveLength(3);
});

// A short version of `npm run soak -- parallel-acts`.
test('killed runs resume without requesting a stored reply again, and each of several equal requests keeps its own reply', async () => {
  // At least 3 kills, and the seed 11 for their moments.
  const { kills, problems } = await killActs(3, 11);
  expect({ kills, problems }).toEqual({ kills: expect.any(Number), problems: [] });
  expect(kills).toBeGreaterThanOrEqual(3);
});
