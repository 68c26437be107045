import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
  startInTerminal,
} from '../../helpers/boticelli.js';
import { errorReply } from '../../helpers/gemini/errors.js';
import {
  createChunk,
  createGate,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
} from '../../helpers/gemini/replies.js';
import type { ReceivedRequest } from '../../helpers/gemini/send-reply.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

/** Renders a narrative. Each prompt is `name` and a number (`a 1`, `a 2` …), so the server can tell acts apart. */
const renderNarrative = (name: string, acts = 1, head = '') =>
  buildNarrative(acts, head).replace('name = "test"', `name = "${name}"`).replaceAll('Question', name);
/** A folder with `a.toml` (two acts), `b.toml` and `c.toml` (one act each), and `broken.toml` (not valid TOML). */
const createFolder = (files: Record<string, string> = {}) =>
  createTemporaryFolder(onTestFinished, {
    ...{
      'a.toml': renderNarrative('a', 2),
      'b.toml': renderNarrative('b'),
      'c.toml': renderNarrative('c'),
      'broken.toml': 'a = ',
    },
    ...files,
  });
const getPrompt = ({ body }: ReceivedRequest): string => body.contents.at(-1).parts[0].text;
/** Makes the server send `replies[prompt]`, or for any other prompt `reply to` and the prompt. */
const replyByPrompt = (replies: Record<string, ScriptedReply>) =>
  server.setDefaultReply((request) => replies[getPrompt(request)] ?? textReply(`reply to ${getPrompt(request)}`));
const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('narratives run one after another, and their replies are separated like those of one narrative', async () => {
  replyByPrompt({});
  const { code, stdout, stderr } = await runBoticelli(['run', 'a.toml', 'b.toml'], { server, cwd: createFolder() });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'reply to a 1\n\nreply to a 2\n\nreply to b 1\n' });
  expect(server.generateRequests.map(getPrompt)).toEqual(['a 1', 'a 2', 'b 1']);
  expect(stderr).toMatch(/^a: \[1\/2\] act_1 [\s\S]*^b: act_1: gemini-[\s\S]*^2 narratives: 2 completed$/m);
});

test('with --jobs, narratives run in parallel; replies are printed in the order of the narratives, and those of the first unfinished narrative are streamed', async () => {
  const gate = createGate();
  replyByPrompt({ 'a 1': textReply(['one ', 'two '], { gate }) });
  const args = ['run', 'a.toml', 'b.toml', 'c.toml', '--jobs', '3', '--stream'];
  const running = startBoticelli(args, { server, cwd: createFolder() });
  await running.waitForOutput('c: act_1: ', 'stderr');
  await running.waitForOutput('b: act_1: ', 'stderr');
  gate.release();
  await running.waitForOutput('one ');
  expect(running.stdout()).toBe('one ');
  gate.release();
  const { code, stdout } = await running.result;
  expect(code).toBe(0);
  expect(stdout).toBe('one two \n\nreply to a 2\n\nreply to b 1\n\nreply to c 1\n');
});

test('never more than --jobs narratives run at once', async () => {
  let [activeCount, maxActive] = [0, 0];
  server.setDefaultReply(() => {
    activeCount += 1;
    maxActive = Math.max(maxActive, activeCount);
    // The count goes down before the reply is sent, because the next narrative may start as soon as the reply arrives.
    setTimeout(() => {
      activeCount -= 1;
    }, 50);
    return textReply('well', { headersDelayMs: 60 });
  });
  const files = Array.from({ length: 12 }, () => 'b.toml');
  const cwd = createFolder();
  const { code, stderr } = await runBoticelli(['run', ...files, '-j', '3', '--no-rate-limit'], { server, cwd });
  expect({ code, most: maxActive }).toEqual({ code: 0, most: 3 });
  const all = await runBoticelli(['run', ...files, '-j', '99', '--no-rate-limit'], { server, cwd });
  expect({ code: all.code, most: maxActive }).toEqual({ code: 0, most: 12 });
  // A dozen narratives listen to one AbortSignal. Node must not warn that this is a leak.
  expect(stderr + all.stderr).not.toContain('Warning');
  expect(all.stderr).toContain('b-12: act_1: ');
});

test('when a narrative fails, the others continue; the exit code is that of the first failed narrative in the order of the arguments', async () => {
  replyByPrompt({ 'b 1': errorReply(400, 'no good', []), 'c 1': { ...textReply('c', { headersDelayMs: 300 }) } });
  const files = ['c.toml', 'b.toml', 'broken.toml', 'missing.toml', 'a.toml'];
  const { code, stdout, stderr } = await runInProcess(['run', ...files, '-j', '5'], { server, cwd: createFolder() });
  expect({ code, stdout }).toEqual({ code: 69, stdout: 'c\n\nreply to a 1\n\nreply to a 2\n' });
  expect(stderr).toMatch(/^boticelli: b: act_1: .*"no good"\n {2}\S/m);
  expect(stderr).toMatch(/^broken\.toml:1:\d+: error\[syntax\]/m);
  expect(stderr.match(/^boticelli: .*$/gm)).toHaveLength(3);
  expect(stderr).toMatch(
    /5 narratives: 2 completed, 3 failed\n {2}c +completed .*\n {2}b +failed +act_1: .*"no good"\n {2}broken +failed .*\n {2}missing +failed .*\n {2}a +completed +2 acts/,
  );
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(
    '  Resume with: boticelli run c.toml b.toml broken.toml missing.toml a.toml -j 5 --resume',
  );
});

test('a problem of all narratives is reported once', async () => {
  const { code, stderr } = await runInProcess(['run', 'a.toml', 'b.toml'], { cwd: createFolder() });
  expect(code).toBe(77);
  expect(stderr.match(/^boticelli: .*$/gm)).toEqual([expect.stringContaining('no API key is set')]);
});

test('--resume requests only the missing replies of several narratives', async () => {
  replyByPrompt({ 'a 2': errorReply(400, 'no good', []) });
  const [cwd, env] = [createFolder(), { BOTICELLI_STATE_DIR: join(createFolder(), 'state') }];
  const args = ['run', 'a.toml', 'b.toml', '-j', '2'];
  expect((await runInProcess(args, { server, cwd, env })).code).toBe(69);
  replyByPrompt({});
  const again = await runInProcess([...args, '--resume'], { server, cwd, env });
  expect(again).toMatchObject({ code: 0, stdout: 'reply to a 1\n\nreply to a 2\n\nreply to b 1\n' });
  expect(server.generateRequests.map(getPrompt).sort()).toEqual(['a 1', 'a 2', 'a 2', 'b 1']);
});

test('narratives share the quota, in the state database or in memory', async () => {
  const cwd = createFolder({ 'boticelli.toml': '[providers.gemini]\nrate_window_seconds = 1\n' });
  for (const state of ['in the database', 'in memory']) {
    const env = state === 'in memory' ? { BOTICELLI_STATE_DIR: '/dev/null/none' } : {};
    const calls = server.generateRequests.length;
    const args = ['run', 'b.toml', 'c.toml', 'b.toml', '-j', '3', '--rpm', '2'];
    const { code, stderr } = await runInProcess(args, { server, cwd, env });
    expect(code).toBe(0);
    const [first = 0, , third = 0] = server.generateRequests.slice(calls).map(({ receivedAtMs }) => receivedAtMs);
    expect(third - first, state).toBeGreaterThan(500);
    expect(stderr.match(/can't be used/g) ?? []).toHaveLength(state === 'in memory' ? 1 : 0);
  }
});

test('with several narratives, every event contains the id of its run; with one narrative, the events of acts do not', async () => {
  replyByPrompt({});
  const args = ['run', 'a.toml', 'b.toml', 'broken.toml', '-j', '3', '-o', 'ndjson', '--stream'];
  const { code, stdout } = await runInProcess(args, { server, cwd: createFolder() });
  expect(code).toBe(65);
  const events = eventsOf(stdout);
  const ends = events.filter(({ type }) => type === 'narrative-end');
  expect(new Set(events.map(({ run }) => run))).toEqual(new Set(ends.map(({ run }) => run)));
  expect(ends).toHaveLength(3);
  const { run: runOfA } = events.find(({ narrative }) => narrative === 'a');
  const replies = events.filter(({ type, run }) => type === 'act-end' && run === runOfA);
  expect(replies.map(({ text: reply }) => reply)).toEqual(['reply to a 1', 'reply to a 2']);
  const alone = await runInProcess(['run', 'b.toml', '-o', 'ndjson'], { server, cwd: createFolder() });
  expect(eventsOf(alone.stdout)[1]).not.toHaveProperty('run');
});

test('-o json prints one array, with the narratives in the order given', async () => {
  replyByPrompt({ 'a 1': textReply('slow', { headersDelayMs: 200 }) });
  const args = ['run', 'a.toml', 'broken.toml', 'b.toml', '-j', '3', '-o', 'json', '--last'];
  const { code, stdout } = await runInProcess(args, { server, cwd: createFolder() });
  expect(code).toBe(65);
  expect(JSON.parse(stdout)).toMatchObject([
    { narrative: 'a', status: 'completed', acts: [{ act: 'act_2' }] },
    { status: 'failed', error: { code: 'invalid_narrative' }, acts: [] },
    { narrative: 'b', status: 'completed', acts: [{ text: 'reply to b 1' }] },
  ]);
});

test('each narrative has its own folder in --out-dir, even if two files have the same name', async () => {
  replyByPrompt({});
  const cwd = createFolder();
  const args = ['run', 'a.toml', 'b.toml', './b.toml', '-j', '3', '--out-dir', 'out'];
  expect((await runInProcess(args, { server, cwd })).code).toBe(0);
  const folders = ['a', 'b', 'b-2'].map((name) => [name, readdirSync(join(cwd, 'out', name)).sort()]);
  expect(Object.fromEntries(folders)).toEqual({
    a: ['01-act_1.md', '02-act_2.md', 'run.json'],
    b: ['01-act_1.md', 'run.json'],
    'b-2': ['01-act_1.md', 'run.json'],
  });
  expect(readFileSync(join(cwd, 'out/b-2/01-act_1.md'), 'utf8')).toBe('reply to b 1\n');
});

test('one narrative may be standard input, or several may use {{stdin}}, but not both', async () => {
  replyByPrompt({});
  const cwd = createFolder({ 'in.toml': renderNarrative('in {{stdin}}') });
  const piped = await runInProcess(['run', '-', 'b.toml'], { server, cwd, input: renderNarrative('piped') });
  expect(piped).toMatchObject({ code: 0, stdout: 'reply to piped 1\n\nreply to b 1\n' });
  const shared = await runInProcess(['run', 'in.toml', 'in.toml', '-j', '2'], { server, cwd, input: 'it' });
  expect(shared).toMatchObject({ code: 0, stdout: 'reply to in it 1\n\nreply to in it 1\n' });
  const clash = await runInProcess(['run', '-', 'in.toml'], { server, cwd, input: renderNarrative('piped') });
  expect(clash).toMatchObject({ code: 66, stdout: 'reply to piped 1\n' });
  expect(clash.stderr).toContain('standard input is another narrative');
  const twice = await runInProcess(['run', '-', '-'], { server, cwd, input: renderNarrative('piped') });
  expect(twice).toMatchObject({ code: 2, stdout: '' });
});

test('a stream that breaks off while its narrative waits to be printed is retried, because the pipe has received no text of it', async () => {
  const gate = createGate();
  let broke = false;
  server.setDefaultReply((request) => {
    if (getPrompt(request) === 'a 1') return textReply(['A'], { gate });
    if (getPrompt(request) !== 'b 1' || broke) return textReply('whole');
    broke = true;
    return packetReply(formatSseEvent(createChunk('half')));
  });
  const running = startBoticelli(['run', 'a.toml', 'b.toml', '-j', '2', '--stream'], { server, cwd: createFolder() });
  await running.waitForOutput('b: act_1: gemini', 'stderr');
  gate.release();
  expect(await running.result).toMatchObject({ code: 0, stdout: 'A\n\nwhole\n\nwhole\n' });
});

test('all narratives end on Ctrl-C, including those that have not started', async () => {
  replyByPrompt({ 'a 1': { end: 'stall-before-headers' }, 'b 1': { end: 'stall-before-headers' } });
  const args = ['run', 'a.toml', 'b.toml', 'c.toml', '-j', '2', '-o', 'json'];
  const running = startBoticelli(args, { server, cwd: createFolder() });
  await server.waitForRequests(2);
  running.child.kill('SIGINT');
  const { stdout, stderr, signal } = await running.result;
  expect(signal).toBe('SIGINT');
  expect(JSON.parse(stdout)).toMatchObject(Array(3).fill({ status: 'interrupted', error: { code: 'interrupted' } }));
  expect(stderr).toContain('3 narratives: 3 interrupted\n');
  expect(stderr.match(/^boticelli: .*$/gm)).toEqual(['boticelli: interrupted by SIGINT']);
  expect(server.generateRequests).toHaveLength(2);
});

test('on a terminal, narratives have headings, and nothing is printed in the middle of a reply', async () => {
  const gate = createGate();
  replyByPrompt({ 'a 1': textReply(['one ', 'two', ' three'], { gate }) });
  const args = ['run', 'a.toml', 'b.toml', '-j', '2', '--stream'];
  const running = startInTerminal(args, { server, cwd: createFolder(), env: { NO_COLOR: '1', CI: '1' } });
  gate.release();
  await running.waitForOutput('one ');
  await server.waitForRequests(2);
  gate.release();
  gate.release();
  const { stdout } = await running.result;
  const screen = stdout.replaceAll('\r', '');
  expect(screen).toMatch(/^a: \[1\/2\] act_1 .*\none two three\n/m);
  expect(screen).toMatch(/^b: act_1: gemini-[\s\S]*^b: \[1\/1\] act_1 .*\nreply to b 1\n/m);
});

test.each([
  [['--only', 'act_2'], 'b.toml: --only act_2: no such act\n  Acts: act_1.'],
  [['--resume', '--from', 'act_2'], 'b.toml: --from act_2: no such act\n  Acts: act_1.'],
  [['--var', 'x=1'], 'a.toml: --var x: unknown variable\n  There are no variables.'],
])(
  'no narrative runs if a flag names an act or a variable that one of them does not have: %j',
  async (flags, message) => {
    const cwd = createFolder();
    for (const files of [
      ['a.toml', 'b.toml'],
      ['a.toml', '-'],
    ]) {
      const input = renderNarrative('b');
      const { code, stdout, stderr } = await runInProcess(['run', ...files, ...flags], { server, cwd, input });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(files[1] === '-' ? message.replace('b.toml', '<stdin>') : message);
    }
    expect(server.generateRequests).toEqual([]);
  },
);

test('valid narratives run if each has the act that a flag names, even if others are broken or missing', async () => {
  replyByPrompt({});
  const files = ['a.toml', 'broken.toml', 'missing.toml', '-'];
  const args = ['run', ...files, '--only', 'act_1'];
  const { code, stdout } = await runInProcess(args, { server, cwd: createFolder(), input: renderNarrative('b') });
  expect({ code, stdout }).toEqual({ code: 65, stdout: 'reply to a 1\n\nreply to b 1\n' });
});
