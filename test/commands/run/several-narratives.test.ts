import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { boticelli, narrativeOf, start, temporaryFolder, terminal } from '../../helpers/boticelli.js';
import { failure } from '../../helpers/gemini-errors.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { chunkOf, packets, type Script, sseEvent, text } from '../../helpers/gemini-replies.js';
import { type GeminiServer, type RecordedRequest, startGeminiServer } from '../../helpers/gemini-server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

/** A narrative whose acts ask `name 1`, `name 2` …, so that the server can tell who asks. */
const asking = (name: string, acts = 1, head = '') =>
  narrativeOf(acts, head).replace('name = "test"', `name = "${name}"`).replaceAll('Question', name);
const folder = (files: Record<string, string> = {}) =>
  temporaryFolder(onTestFinished, {
    ...{ 'a.toml': asking('a', 2), 'b.toml': asking('b'), 'c.toml': asking('c'), 'broken.toml': 'a = ' },
    ...files,
  });
const askedBy = ({ body }: RecordedRequest): string => body.contents.at(-1).parts[0].text;
/** Answers each by what it asks; what is not named is answered by its own question. */
const answering = (scripts: Record<string, Script>) =>
  server.replyAlways((request) => scripts[askedBy(request)] ?? text(`reply to ${askedBy(request)}`));
const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('are played one after another, and their replies follow each other as those of one do', async () => {
  answering({});
  const { code, stdout, stderr } = await boticelli(['run', 'a.toml', 'b.toml'], { server, cwd: folder() });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'reply to a 1\n\nreply to a 2\n\nreply to b 1\n' });
  expect(server.calls.map(askedBy)).toEqual(['a 1', 'a 2', 'b 1']);
  expect(stderr).toMatch(/^a: \[1\/2\] act_1 [\s\S]*^b: act_1: gemini-[\s\S]*^2 narratives: 2 completed$/m);
});

test('with --jobs play at once; text comes in the order given, the first one that is not over live', async () => {
  const gate = createGate();
  answering({ 'a 1': text(['one ', 'two '], { gate }) });
  const args = ['run', 'a.toml', 'b.toml', 'c.toml', '--jobs', '3', '--stream'];
  const running = start(args, { server, cwd: folder() });
  await running.said('c: act_1: ', 'stderr');
  await running.said('b: act_1: ', 'stderr');
  gate.next();
  await running.said('one ');
  expect(running.stdout()).toBe('one ');
  gate.next();
  const { code, stdout } = await running.ended;
  expect(code).toBe(0);
  expect(stdout).toBe('one two \n\nreply to a 2\n\nreply to b 1\n\nreply to c 1\n');
});

test('are never more at once than --jobs says', async () => {
  let [underWay, most] = [0, 0];
  server.replyAlways(() => {
    underWay += 1;
    most = Math.max(most, underWay);
    setTimeout(() => {
      underWay -= 1;
    }, 50);
    return text('well', { headersDelayMs: 60 });
  });
  const files = Array.from({ length: 12 }, () => 'b.toml');
  const cwd = folder();
  const { code, stderr } = await boticelli(['run', ...files, '-j', '3', '--no-rate-limit'], { server, cwd });
  expect({ code, most }).toEqual({ code: 0, most: 3 });
  const all = await boticelli(['run', ...files, '-j', '99', '--no-rate-limit'], { server, cwd });
  expect({ code: all.code, most }).toEqual({ code: 0, most: 12 });
  // A dozen that wait for the same things must not look like a leak to Node.
  expect(stderr + all.stderr).not.toContain('Warning');
  expect(all.stderr).toContain('b-12: act_1: ');
});

test('of which one fails leave the others alone; the first failure in the order given decides', async () => {
  answering({ 'b 1': failure(400, 'no good', []), 'c 1': { ...text('c', { headersDelayMs: 300 }) } });
  const files = ['c.toml', 'b.toml', 'broken.toml', 'missing.toml', 'a.toml'];
  const { code, stdout, stderr } = await boticelli(['run', ...files, '-j', '5'], { server, cwd: folder() });
  expect({ code, stdout }).toEqual({ code: 69, stdout: 'c\n\nreply to a 1\n\nreply to a 2\n' });
  expect(stderr).toMatch(/^boticelli: b: act_1: .*no good\n {2}\S/m);
  expect(stderr).toMatch(/^broken\.toml:1:\d+: error\[syntax\]/m);
  expect(stderr.match(/^boticelli: .*$/gm)).toHaveLength(3);
  expect(stderr).toMatch(
    /5 narratives: 2 completed, 3 failed\n {2}c +completed .*\n {2}b +failed +act_1: .*no good\n {2}broken +failed .*\n {2}missing +failed .*\n {2}a +completed +2 acts/,
  );
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(
    '  Go on with: boticelli run c.toml b.toml broken.toml missing.toml a.toml -j 5 --resume',
  );
});

test('what is wrong with all of them is said once', async () => {
  const { code, stderr } = await boticelli(['run', 'a.toml', 'b.toml'], { cwd: folder() });
  expect(code).toBe(77);
  expect(stderr.match(/^boticelli: .*$/gm)).toEqual([expect.stringContaining('there is no API key')]);
});

test('go on where they were, with --resume, without asking for what they have', async () => {
  answering({ 'a 2': failure(400, 'no good', []) });
  const [cwd, env] = [folder(), { BOTICELLI_STATE_DIR: join(folder(), 'state') }];
  const args = ['run', 'a.toml', 'b.toml', '-j', '2'];
  expect((await boticelli(args, { server, cwd, env })).code).toBe(69);
  answering({});
  const again = await boticelli([...args, '--resume'], { server, cwd, env });
  expect(again).toMatchObject({ code: 0, stdout: 'reply to a 1\n\nreply to a 2\n\nreply to b 1\n' });
  expect(server.calls.map(askedBy).sort()).toEqual(['a 1', 'a 2', 'a 2', 'b 1']);
});

test('share the quota book, be it a file or in memory', async () => {
  const cwd = folder({ 'boticelli.toml': '[providers.gemini]\nrate_window_seconds = 1\n' });
  for (const state of ['in the file', 'in memory']) {
    const env = state === 'in memory' ? { BOTICELLI_STATE_DIR: '/dev/null/none' } : {};
    const calls = server.calls.length;
    const args = ['run', 'b.toml', 'c.toml', 'b.toml', '-j', '3', '--rpm', '2'];
    const { code, stderr } = await boticelli(args, { server, cwd, env });
    expect(code).toBe(0);
    const [first = 0, , third = 0] = server.calls.slice(calls).map(({ at }) => at);
    expect(third - first, state).toBeGreaterThan(950);
    expect(stderr.match(/can't be used/g) ?? []).toHaveLength(state === 'in memory' ? 1 : 0);
  }
});

test('tell events whose every line has its run', async () => {
  answering({});
  const args = ['run', 'a.toml', 'b.toml', 'broken.toml', '-j', '3', '-o', 'ndjson', '--stream'];
  const { code, stdout } = await boticelli(args, { server, cwd: folder() });
  expect(code).toBe(65);
  const events = eventsOf(stdout);
  const ends = events.filter(({ type }) => type === 'narrative-end');
  expect(new Set(events.map(({ run }) => run))).toEqual(new Set(ends.map(({ run }) => run)));
  expect(ends).toHaveLength(3);
  const { run: runOfA } = events.find(({ narrative }) => narrative === 'a');
  const replies = events.filter(({ type, run }) => type === 'act-end' && run === runOfA);
  expect(replies.map(({ text: reply }) => reply)).toEqual(['reply to a 1', 'reply to a 2']);
  const alone = await boticelli(['run', 'b.toml', '-o', 'ndjson'], { server, cwd: folder() });
  expect(eventsOf(alone.stdout)[1]).not.toHaveProperty('run');
});

test('are one array in json, in the order given', async () => {
  answering({ 'a 1': text('slow', { headersDelayMs: 200 }) });
  const args = ['run', 'a.toml', 'broken.toml', 'b.toml', '-j', '3', '-o', 'json', '--last'];
  const { code, stdout } = await boticelli(args, { server, cwd: folder() });
  expect(code).toBe(65);
  expect(JSON.parse(stdout)).toMatchObject([
    { narrative: 'a', status: 'completed', acts: [{ act: 'act_2' }] },
    { status: 'failed', error: { code: 'invalid_narrative' }, acts: [] },
    { narrative: 'b', status: 'completed', acts: [{ text: 'reply to b 1' }] },
  ]);
});

test('have a folder each in --out-dir, also where their files have the same name', async () => {
  answering({});
  const cwd = folder();
  const args = ['run', 'a.toml', 'b.toml', './b.toml', '-j', '3', '--out-dir', 'out'];
  expect((await boticelli(args, { server, cwd })).code).toBe(0);
  const folders = ['a', 'b', 'b-2'].map((name) => [name, readdirSync(join(cwd, 'out', name)).sort()]);
  expect(Object.fromEntries(folders)).toEqual({
    a: ['01-act_1.md', '02-act_2.md', 'run.json'],
    b: ['01-act_1.md', 'run.json'],
    'b-2': ['01-act_1.md', 'run.json'],
  });
  expect(readFileSync(join(cwd, 'out/b-2/01-act_1.md'), 'utf8')).toBe('reply to b 1\n');
});

test('may have one of them on standard input, or all the same text for {{stdin}}', async () => {
  answering({});
  const cwd = folder({ 'in.toml': asking('in {{stdin}}') });
  const piped = await boticelli(['run', '-', 'b.toml'], { server, cwd, input: asking('piped') });
  expect(piped).toMatchObject({ code: 0, stdout: 'reply to piped 1\n\nreply to b 1\n' });
  const both = await boticelli(['run', 'in.toml', 'in.toml', '-j', '2'], { server, cwd, input: 'it' });
  expect(both).toMatchObject({ code: 0, stdout: 'reply to in it 1\n\nreply to in it 1\n' });
  const clash = await boticelli(['run', '-', 'in.toml'], { server, cwd, input: asking('piped') });
  expect(clash).toMatchObject({ code: 66, stdout: 'reply to piped 1\n' });
  expect(clash.stderr).toContain('standard input is a narrative itself');
  const twice = await boticelli(['run', '-', '-'], { server, cwd, input: asking('piped') });
  expect(twice).toMatchObject({ code: 2, stdout: '' });
});

test('that were not yet begun can take back a stream that broke off, even in a pipe', async () => {
  const gate = createGate();
  let broke = false;
  server.replyAlways((request) => {
    if (askedBy(request) === 'a 1') return text(['A'], { gate });
    if (askedBy(request) !== 'b 1' || broke) return text('whole');
    broke = true;
    return packets(sseEvent(chunkOf('half')));
  });
  const running = start(['run', 'a.toml', 'b.toml', '-j', '2', '--stream'], { server, cwd: folder() });
  await running.said('b: act_1: gemini', 'stderr');
  gate.next();
  expect(await running.ended).toMatchObject({ code: 0, stdout: 'A\n\nwhole\n\nwhole\n' });
});

test('all end with Ctrl-C, those that have not begun too', async () => {
  answering({ 'a 1': { end: 'stall-before-headers' }, 'b 1': { end: 'stall-before-headers' } });
  const args = ['run', 'a.toml', 'b.toml', 'c.toml', '-j', '2', '-o', 'json'];
  const running = start(args, { server, cwd: folder() });
  await server.received(2);
  running.child.kill('SIGINT');
  const { stdout, stderr, signal } = await running.ended;
  expect(signal).toBe('SIGINT');
  expect(JSON.parse(stdout)).toMatchObject(Array(3).fill({ status: 'interrupted', error: { code: 'interrupted' } }));
  expect(stderr).toContain('3 narratives: 3 interrupted\n');
  expect(stderr.match(/^boticelli: .*$/gm)).toEqual(['boticelli: interrupted by SIGINT']);
  expect(server.calls).toHaveLength(2);
});

test('on one terminal come with their headings, and nothing is told in the midst of a reply', async () => {
  const gate = createGate();
  answering({ 'a 1': text(['one ', 'two', ' three'], { gate }) });
  const args = ['run', 'a.toml', 'b.toml', '-j', '2', '--stream'];
  const running = terminal(args, { server, cwd: folder(), env: { NO_COLOR: '1', CI: '1' } });
  gate.next();
  await running.said('one ');
  await server.received(2);
  gate.next();
  gate.next();
  const { stdout } = await running.ended;
  const screen = stdout.replaceAll('\r', '');
  expect(screen).toMatch(/^a: \[1\/2\] act_1 .*\none two three\n/m);
  expect(screen).toMatch(/^b: act_1: gemini-[\s\S]*^b: \[1\/1\] act_1 .*\nreply to b 1\n/m);
});
