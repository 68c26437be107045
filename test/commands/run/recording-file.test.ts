import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, canaryKey, startBoticelli, startShell } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { runInProcess } from '../../helpers/in-process.js';
import { createRecordingFixture } from '../recording-fixture.js';

const badRequest = { status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } };

describe('the file', () => {
  test('has one readable reply per line, in order, without the key', async () => {
    const { record, lines } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    const answers = lines().map((line) => JSON.parse(line));
    // `after` has the hashes of the turns before the prompt, and `asked` has the prompt.
    expect(answers).toMatchObject([
      { occurrence: 0, request: { after: [], asked: [{ text: 'Question 1' }] }, reply: { finishReason: 'STOP' } },
      { occurrence: 0, request: { after: [expect.any(String), expect.any(String)], asked: [{ text: 'Question 2' }] } },
    ]);
    expect(Object.keys(answers[0])).toEqual(['key', 'occurrence', 'request', 'reply']);
    expect(lines().join()).not.toContain(canaryKey);
  });

  test('changes little when a narrative is recorded again: unchanged replies keep their lines, and new replies keep the order of the prompts', async () => {
    const { server, record, replay, lines, edit } = await createRecordingFixture(onTestFinished);
    await record('eight.toml');
    const before = lines();
    await record('eight.toml');
    expect(lines()).toEqual(before);
    server.queueReplies(textReply('another first reply'));
    await record('eight.toml');
    const prompts = (all: string[]) => all.map((line) => JSON.parse(line).request.asked[0].text);
    expect(prompts(lines())).toEqual(prompts(before));
    expect((await replay('eight.toml')).stdout).toMatch(/^another first reply\n/);
    // The server sends the usual first reply again, so the lines are the same as before.
    await record('eight.toml');
    edit('eight.toml', 'Question 5', 'Other question 5');
    const { code } = await record('eight.toml');
    expect(code).toBe(0);
    // All lines from before the edit stay, also those of the old prompts 5 to 8.
    expect(lines().filter((line) => before.includes(line))).toEqual(before);
    // The requests of acts 5 to 8 contain the edited prompt.
    const added = lines().filter((line) => !before.includes(line));
    expect(prompts(added)).toEqual(['Other question 5', 'Question 6', 'Question 7', 'Question 8']);
    expect(await replay('eight.toml')).toMatchObject({ code: 0 });
  });

  test('can be extended by another narrative', async () => {
    const { cwd, record, replay, lines } = await createRecordingFixture(onTestFinished);
    writeFileSync(join(cwd, 'other.toml'), buildNarrative(2, 'system = "other"'));
    await record('two.toml');
    await record('other.toml');
    expect(lines()).toHaveLength(4);
    for (const file of ['two.toml', 'other.toml']) expect(await replay(file)).toMatchObject({ code: 0 });
  });

  test('contains the replies before a failure; `--resume --record` also records the reused replies', async () => {
    const { server, cwd, lines } = await createRecordingFixture(onTestFinished);
    const options = { cwd, server, env: { GEMINI_TIER: 'tier_1', BOTICELLI_STATE_DIR: join(cwd, 'state') } };
    server.queueReplies(textReply('one'), badRequest);
    const failed = await runInProcess(['run', 'two.toml', '--record', 'answers.ndjson'], options);
    expect(failed.code).toBe(69);
    expect(lines()).toHaveLength(1);
    const again = await runInProcess(['run', 'two.toml', '--resume', '--record', 'new.ndjson'], options);
    expect(again.code).toBe(0);
    expect(readFileSync(join(cwd, 'new.ndjson'), 'utf8').split('\n')).toHaveLength(3);
  });

  test('of a killed run may have an incomplete last line, which the next recording removes', async () => {
    const { server, cwd, record, replay, lines } = await createRecordingFixture(onTestFinished);
    server.queueReplies(textReply('one'), { end: 'stall-before-headers' });
    const running = startBoticelli(['run', 'two.toml', '--record', 'answers.ndjson'], { cwd, server });
    await server.waitForRequests(2);
    running.child.kill('SIGKILL');
    await running.result;
    expect(lines()).toHaveLength(1);
    // Adds an incomplete line, as a kill during the next write would.
    appendFileSync(join(cwd, 'answers.ndjson'), lines()[0]?.slice(0, 300) ?? '');
    expect(await replay('two.toml')).toMatchObject({ code: 66, stdout: 'one\n' });
    server.queueReplies(textReply('one'));
    await record('two.toml');
    expect(lines()).toHaveLength(2);
    expect(await replay('two.toml')).toMatchObject({ code: 0 });
  });
});

describe('errors', () => {
  test('an invalid line of the recording is reported with its number; no request is sent, and the file is not changed', async () => {
    const { server, cwd, record, replay } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    const path = join(cwd, 'answers.ndjson');
    for (const [line, message] of [
      ['<<<<<<< ours', 'answers.ndjson:3: this line is not JSON'],
      ['{"key":1}', 'answers.ndjson:3: this line is not a recorded reply: invalid value of key'],
    ] as const) {
      const broken = `${readFileSync(path, 'utf8').split('\n').slice(0, 2).join('\n')}\n${line}\n`;
      writeFileSync(path, broken);
      for (const run of [replay, record]) {
        expect(await run('two.toml')).toMatchObject({ code: 66, stderr: expect.stringContaining(message) });
      }
      expect(readFileSync(path, 'utf8')).toBe(broken);
    }
    expect(server.generateRequests).toHaveLength(2);
  });

  test('a run rejects a missing recording, a folder, a device, a file that is not a recording, and a path in a missing folder', async () => {
    const { server, cwd, replay } = await createRecordingFixture(onTestFinished);
    expect(await replay('two.toml')).toMatchObject({ code: 66, stderr: expect.stringContaining('does not exist') });
    const toml = readFileSync(join(cwd, 'two.toml'), 'utf8');
    const recordTo = (file: string) => runInProcess(['run', 'two.toml', '--record', file], { cwd, server });
    expect(await recordTo('two.toml')).toMatchObject({ code: 66 });
    expect(readFileSync(join(cwd, 'two.toml'), 'utf8')).toBe(toml);
    expect(await recordTo('.')).toMatchObject({ code: 66, stderr: expect.stringContaining('is a folder') });
    expect(await recordTo('/dev/full')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('not a regular file'),
    });
    expect(await recordTo('no/such/folder.ndjson')).toMatchObject({
      ...{ code: 74, stderr: expect.stringContaining("can't write") },
    });
    expect(server.generateRequests).toEqual([]);
  });

  test('a full disk ends the run with 74, and the file has the replies that were written before', async () => {
    const { server, cwd, lines } = await createRecordingFixture(onTestFinished);
    server.setDefaultReply(textReply('a long reply '.repeat(300)));
    // A shell's limit on file sizes acts like a full disk. XFSZ is ignored, so that a write fails instead of killing the run.
    const script = 'ulimit -f 8; trap "" XFSZ; boticelli run eight.toml --quiet --record answers.ndjson';
    const { code, stderr } = await startShell(script, { cwd, server, env: { GEMINI_TIER: 'tier_1' } }).result;
    expect(code, stderr).toBe(74);
    expect(stderr).toMatch(/boticelli: act_\d: can't write answers\.ndjson: /);
    expect(lines().length).toBeGreaterThan(0);
  });

  test('a line that does not fit on the disk is not in the file, so that another run can add lines', async () => {
    const { server, cwd, record } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    const path = join(cwd, 'answers.ndjson');
    const before = readFileSync(path, 'utf8');
    server.setDefaultReply(textReply('a long reply '.repeat(1000)));
    const script = 'ulimit -f 8; trap "" XFSZ; boticelli run eight.toml --quiet --record answers.ndjson';
    const { code } = await startShell(script, { cwd, server, env: { GEMINI_TIER: 'tier_1' } }).result;
    expect(code).toBe(74);
    expect(readFileSync(path, 'utf8') === before).toBe(true);
  });

  test.each([
    [['--record', 'a', '--replay', 'b'], "--record and --replay can't be combined"],
    [['--replay', 'b', '--resume'], "--replay and --resume can't be combined"],
    [['--replay', 'b', '--rehearse'], "--replay and --rehearse can't be combined"],
    [['--record', 'a', '--rehearse'], "--record and --rehearse can't be combined"],
  ])('%j is a usage error', async (flags, message) => {
    const { server, cwd } = await createRecordingFixture(onTestFinished);
    const { code, stderr } = await runInProcess(['run', 'two.toml', ...flags], { cwd, server });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(join(cwd, 'a'))).toBe(false);
  });

  test('a run without replies leaves no file behind', async () => {
    const { server, cwd, record } = await createRecordingFixture(onTestFinished);
    server.setDefaultReply(badRequest);
    expect(await record('two.toml')).toMatchObject({ code: 69 });
    expect(existsSync(join(cwd, 'answers.ndjson'))).toBe(false);
  });

  test.each([[[]], [['--matrix', 'temperature=0,1']]])(
    'a run without an API key leaves no file behind (%j)',
    async (flags) => {
      const { cwd } = await createRecordingFixture(onTestFinished);
      const args = ['run', 'two.toml', '--record', 'answers.ndjson', ...flags];
      expect(
        await runInProcess(args, { cwd, env: { HOME: cwd, BOTICELLI_STATE_DIR: join(cwd, 'state') } }),
      ).toMatchObject({
        code: 77,
      });
      expect(existsSync(join(cwd, 'answers.ndjson'))).toBe(false);
    },
  );
});
