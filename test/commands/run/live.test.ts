import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
} from '../../helpers/boticelli.js';
import { bytesPerPiece, closeFrames, spokenReply } from '../../helpers/gemini/live-replies.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(async () => {
  await expect.poll(() => server.live.openCount).toBe(0);
  await server.close();
});

const liveNarrative = 'narratives/live.toml';
const createFolder = () =>
  createTemporaryFolder(onTestFinished, { 'four.toml': buildNarrative(4, 'model = "gemini-3.8-live"') });
/** A spoken reply without its last two frames, `generationComplete` and `turnComplete`. */
const unfinishedReply = { frames: spokenReply(['so', ' far']).frames.slice(0, -2) };
const sessions = () => server.live.sessions;
const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('runs the three acts of the sample in one session, with the same output with and without --stream', async () => {
  const result = await runBoticelli(['run', liveNarrative], { server });
  const streamed = await runBoticelli(['run', liveNarrative, '--stream'], { server });
  expect(result).toMatchObject({ code: 0, stdout: streamed.stdout });
  expect(streamed.code).toBe(0);
  expect(result.stdout.match(/^Reply \d of gemini-3\.8-live to ".+"$/gm)).toHaveLength(3);
  expect(sessions().map(({ prompts, closeCode }) => [prompts.length, closeCode])).toEqual([
    [3, 1000],
    [3, 1000],
  ]);
  expect(server.requests).toEqual([]);
  expect(result.stderr).toMatch(/gemini-3\.8-live · 10 tokens in, \d+ out · \d+\.\d+ s · 0\.\d+ s of speech/);
});

test('with --stream, prints each piece of a transcript as it arrives', async () => {
  const gate = createGate();
  server.live.queueReplies(spokenReply(['so', ' it', ' goes'], { gate }));
  const running = startBoticelli(['run', liveNarrative, '--stream'], { server });
  // Each piece has two frames: its transcript and its audio.
  gate.release(2);
  await running.waitForOutput('so');
  gate.release(2);
  await running.waitForOutput('so it');
  expect(running.stdout()).toBe('so it');
  gate.releaseAll();
  expect((await running.result).code).toBe(0);
});

test('--out-dir saves the speech beside the reply, and the act-end event has the length and the file name of the speech', async () => {
  const cwd = createFolder();
  const { code, stdout } = await runInProcess(['run', 'four.toml', '--out-dir', 'out', '-o', 'ndjson'], {
    server,
    cwd,
  });
  expect(code).toBe(0);
  expect(readdirSync(join(cwd, 'out')).slice(0, 3)).toEqual(['01-act_1.md', '01-act_1.wav', '02-act_2.md']);
  const [end] = eventsOf(stdout).filter(({ type }) => type === 'act-end');
  const pieces = end.text.match(/\s*\S+/g).length;
  expect(end.audio).toEqual({ durationMs: 20 * pieces, file: '01-act_1.wav' });
  const path = join(cwd, 'out', '01-act_1.wav');
  const wav = readFileSync(path);
  expect(wav).toHaveLength(44 + pieces * bytesPerPiece);
  expect([wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)]).toEqual([1, 24_000, 16]);
  const { acts } = JSON.parse(readFileSync(join(cwd, 'out', 'run.json'), 'utf8'));
  expect(acts[0].audio).toEqual(end.audio);
});

test('--out-dir saves speech without a transcript, although the act fails', async () => {
  const cwd = createFolder();
  server.live.queueReplies(spokenReply(['never', ' read'], { transcript: false }));
  const { code, stderr } = await runInProcess(['run', 'four.toml', '--out-dir', 'out'], { server, cwd });
  expect(code).toBe(76);
  expect(stderr).toContain('the speech without a transcript was saved as 01-act_1.wav');
  expect(stderr).toContain('act_1: the reply has no text, only 0.0 s of speech without a transcript');
  expect(readFileSync(join(cwd, 'out', '01-act_1.wav'))).toHaveLength(44 + 2 * bytesPerPiece);
});

test('without --out-dir, json has the length of the speech, but no file name', async () => {
  const { stdout } = await runInProcess(['run', liveNarrative, '-o', 'json'], { server });
  expect(JSON.parse(stdout).acts.map(({ audio }: { audio: object }) => Object.keys(audio))).toEqual([
    ['durationMs'],
    ['durationMs'],
    ['durationMs'],
  ]);
});

test.each([
  ['resumed, with only the next prompt', true, 1],
  ['replaced by a new one, with the whole conversation', false, 3],
])(
  'a session whose connection is lost between acts is %s; an event reports the loss',
  async (_, resumes, turnCount) => {
    server.live.allowsResumption = resumes;
    server.live.queueReplies({ ...spokenReply(['Uno']), end: 'destroy' });
    const { code, stdout } = await runInProcess(['run', 'four.toml', '--stream', '-o', 'ndjson'], {
      server,
      cwd: createFolder(),
    });
    expect(code).toBe(0);
    const events = eventsOf(stdout);
    expect(events.filter(({ type }) => type === 'act-note')).toEqual([
      {
        type: 'act-note',
        act: 'act_2',
        about: 'session',
        message: expect.stringContaining('the connection was lost: '),
      },
    ]);
    const replies = events.filter(({ type }) => type === 'act-end');
    expect(replies.map(({ text, attempts }) => [text, attempts])).toEqual([
      ['Uno', 1],
      ...[2, 3, 4].map((n) => [`Reply ${n} of gemini-3.8-live to "Question ${n}"`, 1]),
    ]);
    const turns = sessions()[1]!.messages[1].clientContent.turns;
    expect(turns).toHaveLength(turnCount);
    expect(sessions()).toHaveLength(2);
  },
);

test('Ctrl-C closes the socket at once, and the process dies of the signal', async () => {
  server.live.queueReplies(unfinishedReply);
  const running = startBoticelli(['run', liveNarrative, '--stream'], { server });
  await running.waitForOutput('so far');
  const sentAt = Date.now();
  running.child.kill('SIGINT');
  expect((await sessions()[0]!.closed) - sentAt).toBeLessThan(1000);
  expect(await running.result).toMatchObject({ stdout: 'so far\n', code: null, signal: 'SIGINT' });
});

test.each([
  ['an unknown model', closeFrames.unknownModel('gemini-3.8-live'), 69],
  ['a wrong key', closeFrames.invalidKey, 77],
  ['no quota', closeFrames.quota, 75],
  ['an invalid argument', closeFrames.invalidArgument, 69],
])('%s ends the run with the exit code of the error, and with two lines on standard error', async (_, close, exit) => {
  server.live.queueConnections({ at: 'setup', action: close });
  const { code, stdout, stderr } = await runInProcess(['run', liveNarrative, '--retries', '0', '-q'], { server });
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
});

test('silence ends the run with 124 after --idle-timeout or --timeout', async () => {
  server.live.queueReplies(unfinishedReply, { frames: [] });
  const idle = await runInProcess(['run', liveNarrative, '--stream', '--idle-timeout', '200ms'], { server });
  expect(idle).toMatchObject({ code: 124, stdout: 'so far\n' });
  expect((await runInProcess(['run', liveNarrative, '--timeout', '300ms'], { server })).code).toBe(124);
});

test('retries a temporary failure in a new session', async () => {
  server.live.queueConnections({ at: 'setup', action: closeFrames.internal });
  server.live.queueReplies({ ...unfinishedReply, end: closeFrames.internal });
  const { code, stdout } = await runInProcess(['run', liveNarrative, '-o', 'json'], { server });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).acts.map(({ attempts }: { attempts: number }) => attempts)).toEqual([3, 1, 1]);
});

test('acts that use a Live model and acts that use another model share one conversation', async () => {
  const cwd = createTemporaryFolder(onTestFinished, {
    'both.toml': `[narrative]\nname = "both"\nmodel = "gemini-3.8-live"\n[toc]\norder = ["a", "b", "c"]\n[acts]\na = "A"\nc = "C"
[acts.b]\nmodel = "gemini-3.8-flash"\n[[acts.b.input]]\ntype = "text"\ncontent = "B"\n`,
  });
  const { stdout } = await runInProcess(['run', 'both.toml'], { server, cwd });
  expect(stdout.trimEnd().split('\n\n')).toEqual([
    'Reply 1 of gemini-3.8-live to "A"',
    'Reply 2 of gemini-3.8-flash to "B"',
    'Reply 3 of gemini-3.8-live to "C"',
  ]);
  // The session is closed before the act that uses another model, so that its concurrency slot is free.
  expect(sessions()).toHaveLength(2);
  expect(sessions()[0]?.closedAt).toBeLessThanOrEqual(server.generateRequests[0]!.receivedAtMs);
});

test('neither prints the key nor writes it to run.json, even if errors of the service contain it', async () => {
  const cwd = createFolder();
  server.live.queueReplies({ ...spokenReply(['Uno']), end: { code: 1011, reason: `oops ${canaryKey}` } });
  const rejectionWithKey = { at: 'upgrade', action: { status: 500, body: `bad key ${canaryKey}` } } as const;
  // The second act tries to resume the session, then to open a new one. Both attempts fail with the key in the error.
  server.live.queueConnections(undefined, rejectionWithKey, rejectionWithKey);
  const { stdout, stderr } = await runInProcess(['run', 'four.toml', '-v', '--retries', '0', '--out-dir', 'out'], {
    server,
    cwd,
  });
  expect(stderr).toContain('500');
  expect(stdout + stderr + readFileSync(join(cwd, 'out', 'run.json'), 'utf8')).not.toContain(canaryKey);
});
