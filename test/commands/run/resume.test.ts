import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
  startShell,
} from '../../helpers/boticelli.js';
import { dayQuotaError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

// A test starts several processes one after another, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

/** A folder with narratives, and a state folder that all commands of a test share. */
function setup(settings = '') {
  const cwd = createTemporaryFolder(onTestFinished, {
    ...{ 'two.toml': buildNarrative(2), 'eight.toml': buildNarrative(8), 'boticelli.toml': settings },
  });
  const options = { cwd, server, env: { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' } };
  return {
    ...{ cwd, options },
    run: (...args: string[]) => runInProcess(['run', ...args], options),
    edit(file: string, from: string, to: string) {
      const path = join(cwd, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    },
  };
}
const badRequest = { status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } };
const listPrompts = () => server.generateRequests.map(({ body }) => body.contents.at(-1).parts[0].text);

test('--resume sends exactly four requests after act 5 of 8 was edited', async () => {
  const { run, edit } = setup();
  const firstRun = await run('eight.toml');
  edit('eight.toml', 'Question 5', 'Another question');
  const calls = server.generateRequests.length;
  const resumed = await run('eight.toml', '--resume', '-o', 'ndjson');
  expect(resumed.code).toBe(0);
  expect(listPrompts().slice(calls)).toEqual(['Another question', 'Question 6', 'Question 7', 'Question 8']);
  const ends = parseEvents(resumed.stdout, 'act-end');
  expect(ends.map(({ reused, attempts }) => [reused, attempts])).toEqual([
    ...Array(4).fill([true, 0]),
    ...Array(4).fill([false, 1]),
  ]);
  expect(firstRun.stdout).toContain(ends[3].text);
  const spent = ends.slice(4).reduce((sum, { usage }) => sum + usage.totalTokens, 0);
  expect(parseEvents(resumed.stdout, 'narrative-end')[0].usage.totalTokens).toBe(spent);
  expect(resumed.stderr.match(/^act_\d: reused from an earlier run \(no request, no cost\)/gm)).toHaveLength(4);
});

test('without --resume, every reply is requested again; a later --resume takes the newest replies', async () => {
  const { run } = setup();
  await run('two.toml');
  server.queueReplies(textReply('newer'));
  await run('two.toml');
  expect(server.generateRequests).toHaveLength(4);
  expect((await run('two.toml', '--resume')).stdout).toMatch(/^newer\n\nReply 2 .*\n$/);
  expect(server.generateRequests).toHaveLength(4);
});

test('a failed run ends with the command that resumes it, and that command works', async () => {
  const { run, options } = setup();
  server.queueReplies(textReply('one'), badRequest);
  const failed = await run('two.toml', '--max-tokens', '50');
  expect(failed.code).toBe(69);
  const [, command] = /^ {2}Resume with: (boticelli run .*)$/m.exec(failed.stderr) ?? [];
  expect(command).toBe('boticelli run two.toml --max-tokens 50 --resume');
  expect(failed.stderr.trimEnd().endsWith(command ?? '?')).toBe(true);
  const resumed = await startShell(command ?? 'false', options).result;
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^one\n\nReply 2 /) });
  expect(server.generateRequests).toHaveLength(3);
});

test('the resume command is quoted for the shell', async () => {
  const { run, options, cwd } = setup();
  writeFileSync(join(cwd, "it's my.toml"), buildNarrative(2, 'system = "other"'));
  server.queueReplies(textReply('one'), badRequest);
  const failed = await run("it's my.toml", '--stream');
  expect(failed.stderr).toContain(`Resume with: boticelli run 'it'\\''s my.toml' --stream --resume\n`);
  expect(await startShell(/Resume with: (.*)/.exec(failed.stderr)?.[1] ?? 'false', options).result).toMatchObject({
    code: 0,
  });
});

describe('the resume command', () => {
  test('is not printed if nothing was stored', async () => {
    const { run } = setup();
    server.setDefaultReply(badRequest);
    for (const flags of [['two.toml'], ['two.toml', '--resume'], ['none.toml'], ['two.toml', '--tier', 'x']]) {
      expect((await run(...flags)).stderr).not.toContain('Resume with');
    }
    const { run: runWithoutStore } = setup('[store]\nkeep = "off"\n');
    server.queueReplies(textReply('one'));
    expect(await runWithoutStore('two.toml')).toMatchObject({
      code: 69,
      stderr: expect.not.stringContaining('Resume with'),
    });
  });

  test('asks for the same standard input, omits --from, and starts with npx if the run did', async () => {
    const { options } = setup();
    server.setDefaultReply(({ body }) => (body.contents.length > 1 ? badRequest : textReply('one')));
    const piped = runInProcess(['run', '-'], { ...options, input: buildNarrative(2) });
    expect((await piped).stderr).toContain('Resume with the same standard input: boticelli run - --resume\n');
    const npx = { ...options, env: { ...options.env, npm_command: 'exec' } };
    const failed = await runInProcess(['run', '--resume', '--from', 'act_1', '--', 'two.toml'], npx);
    expect(failed.stderr).toContain('Resume with: npx boticelli run --resume -- two.toml\n');
  });

  test('asks for the same standard input if {{stdin}} has read it', async () => {
    const { options, cwd } = setup();
    writeFileSync(join(cwd, 'log.toml'), buildNarrative(2, 'system = "{{stdin}}"'));
    server.queueReplies(textReply('one'), badRequest);
    const { stderr } = await runInProcess(['run', 'log.toml'], { ...options, input: 'a log' });
    expect(stderr).toContain('Resume with the same standard input: boticelli run log.toml --resume\n');
  });

  test('keeps files after -- that are named like flags', async () => {
    const { options, cwd } = setup();
    writeFileSync(join(cwd, '--resume'), buildNarrative(2).replace(/name = ".*"/, 'name = "other"'));
    server.setDefaultReply(({ body }) => (body.contents.length > 1 ? badRequest : textReply('one')));
    const { stderr } = await runInProcess(['run', '--', 'two.toml', '--resume'], options);
    expect(stderr).toContain('Resume with: boticelli run --resume -- two.toml --resume\n');
  });

  test('is printed last after Ctrl-C too', async () => {
    const { options } = setup();
    server.queueReplies(textReply('one'), { end: 'stall-before-headers' });
    const running = startBoticelli(['run', 'two.toml'], options);
    await server.waitForRequests(2);
    running.child.kill('SIGINT');
    const { stderr, signal } = await running.result;
    expect(signal).toBe('SIGINT');
    expect(stderr).toMatch(/act_2: interrupted by SIGINT\n {2}Resume with: boticelli run two\.toml --resume\n$/);
  });
});

describe('--from', () => {
  test('sends the requests of the named act and of all later acts again', async () => {
    const { run } = setup();
    await run('eight.toml');
    const calls = server.generateRequests.length;
    expect(await run('eight.toml', '--resume', '--from', 'act_7')).toMatchObject({ code: 0 });
    expect(listPrompts().slice(calls)).toEqual(['Question 7', 'Question 8']);
  });

  test.each([
    [['--from', 'act_1'], '--from needs --resume'],
    [['--resume', '--from', 'act_9'], '--from act_9: no such act'],
    [['--resume', '--rehearse'], "--rehearse and --resume can't be combined"],
  ])('%j is a usage error', async (flags, message) => {
    const { run } = setup();
    expect(await run('two.toml', ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(server.generateRequests).toEqual([]);
  });
});

test('with --stream, a reused reply arrives as a single piece, uses no quota, and is printed as before', async () => {
  const { run, options } = setup('[providers.gemini.tiers.tier_1]\nrpd = 2\n');
  const first = await run('two.toml', '--stream');
  const resumed = await run('two.toml', '--stream', '--resume', '-o', 'ndjson');
  expect(parseEvents(resumed.stdout, 'act-delta').map(({ text: piece }) => piece)).toEqual(
    first.stdout.trimEnd().split('\n\n'),
  );
  expect((await run('two.toml', '--stream', '--resume')).stdout).toBe(first.stdout);
  expect(await run('two.toml')).toMatchObject({ code: 75 });
  const { stdout } = await runInProcess(['limits', '--format', 'json'], options);
  const [model] = JSON.parse(stdout).models;
  expect(model.day.requests.used).toBe(2);
});

test('with --no-fallback, a reply from a fallback model is not reused', async () => {
  const { run } = setup();
  server.queueReplies(dayQuotaError('model-a'));
  await run('two.toml', '-m', 'model-a', '--fallback', 'model-b');
  const calls = server.generateRequests.length;
  expect(await run('two.toml', '-m', 'model-a', '--resume')).toMatchObject({ code: 0 });
  expect(server.generateRequests).toHaveLength(calls);
  const withoutFallback = await run('two.toml', '-m', 'model-a', '--resume', '--no-fallback');
  expect(withoutFallback).toMatchObject({ code: 75, stdout: '' });
});

test('--resume reuses only complete replies; a rehearsal is not stored', async () => {
  const { run, options } = setup();
  await run('two.toml', '--rehearse');
  server.queueReplies(textReply('half', { finishReason: 'MAX_TOKENS' }));
  await run('two.toml', '--resume');
  expect(server.generateRequests).toHaveLength(2);
  expect((await run('two.toml', '--resume')).stdout).toMatch(/^Reply 1 /);
  expect(JSON.parse((await runInProcess(['runs', '--format', 'json'], options)).stdout).total).toBe(2);
});

test('two processes that resume the same run at the same time both get all replies', async () => {
  const { run, options } = setup();
  server.queueReplies(textReply('1'), textReply('2'), textReply('3'), badRequest);
  await run('eight.toml');
  const resume = () => runBoticelli(['run', 'eight.toml', '--resume'], options);
  const both = await Promise.all([resume(), resume()]);
  for (const { code, stdout } of both) {
    expect(code).toBe(0);
    expect(stdout.split('\n\n')).toHaveLength(8);
    expect(stdout.startsWith('1\n\n2\n\n3\n\nReply 4 ')).toBe(true);
  }
  expect(listPrompts().slice(4)).not.toContain('Question 3');
  // Each of the two sends at most the five requests without a stored reply.
  expect(server.generateRequests.length).toBeLessThanOrEqual(4 + 2 * 5);
});

describe('a store that is off or unusable:', () => {
  test('if keep is "off", nothing is stored, and --resume says so', async () => {
    const { run, options } = setup('[store]\nkeep = "off"\n');
    await run('two.toml');
    const resumed = await run('two.toml', '--resume');
    expect(resumed.stderr).toContain('keep is "off"');
    expect(server.generateRequests).toHaveLength(4);
    expect(JSON.parse((await runInProcess(['runs', '--format', 'json'], options)).stdout)).toEqual({
      runs: [],
      total: 0,
    });
  });

  test('if the database can not be created, a run without --resume continues, with one warning', async () => {
    const { options, cwd } = setup();
    writeFileSync(join(cwd, 'taken'), '');
    const env = { ...options.env, BOTICELLI_STATE_DIR: join(cwd, 'taken') };
    const { code, stdout, stderr } = await runInProcess(['run', 'two.toml'], { ...options, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Reply 1 .*\n\nReply 2 .*\n$/);
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toEqual([
      expect.stringMatching(
        /can't be used: .*: quota is counted for this run only, and no replies are stored for --resume$/,
      ),
    ]);
  });

  test('a full disk loses no reply, and is reported once', async () => {
    const { options, cwd } = setup();
    // A shell's limit on file sizes acts like a full disk: the database can't grow.
    const script = 'ulimit -f 8; trap "" XFSZ; boticelli run eight.toml -o text';
    const { code, stdout, stderr } = await startShell(script, { ...options, cwd }).result;
    expect(code).toBe(0);
    expect(stdout.split('\n\n')).toHaveLength(8);
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toHaveLength(1);
  });

  test('--resume reuses stored replies on a full disk, and sends no request whose reply could not be stored', async () => {
    const { options, cwd, run, edit } = setup();
    await run('eight.toml');
    const resume = (kilobytes: number) =>
      startShell(`ulimit -f ${kilobytes}; trap "" XFSZ; boticelli run eight.toml --resume`, { ...options, cwd }).result;
    // With 4 kB, there is not even room for the index of the write-ahead log.
    for (const kilobytes of [4, 40])
      expect(await resume(kilobytes)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Reply 1 [\s\S]*Reply 8 /),
      });
    edit('eight.toml', 'Question 5', 'Another question');
    for (const kilobytes of [4, 40]) {
      const { code, stdout, stderr } = await resume(kilobytes);
      expect({ code, replies: stdout.split('\n\n').length }).toEqual({ code: 74, replies: 4 });
      expect(stderr.match(/^boticelli: warning: /gm)).toHaveLength(1);
      expect(stderr).toContain('act_5: the request was not sent, because its reply could not be stored');
    }
    expect(server.generateRequests).toHaveLength(8);
  });

  test('--resume sends nothing if the database can not be opened', async () => {
    const { options, cwd } = setup();
    writeFileSync(join(cwd, 'taken'), '');
    const env = { ...options.env, BOTICELLI_STATE_DIR: join(cwd, 'taken') };
    const { code, stderr } = await runInProcess(['run', 'two.toml', '--resume'], { ...options, env });
    expect({ code, stderr }).toEqual({
      code: 74,
      stderr: expect.stringMatching(/can't be used[\s\S]*nothing was sent/),
    });
    expect(server.generateRequests).toEqual([]);
  });

  test('a database that is removed during a run is reported at the next write', async () => {
    const { options, cwd } = setup();
    server.queueReplies(textReply('one'), { end: 'stall-before-headers' }, textReply('two'));
    const running = startBoticelli(['run', 'two.toml', '--timeout', '100ms', '--retries', '1'], options);
    await server.waitForRequests(2);
    rmSync(join(cwd, 'state'), { recursive: true });
    const { stderr } = await running.result;
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toEqual([
      expect.stringMatching(/boticelli\.db can no longer be used \(it was removed during the run\): /),
    ]);
  });

  test('a damaged database is renamed, not deleted; the run with --resume that finds it fails, and the next one works', async () => {
    const { run, cwd } = setup();
    await run('two.toml');
    const path = join(cwd, 'state/boticelli.db');
    const { default: LibSql } = await import('libsql');
    new LibSql(path).pragma('wal_checkpoint(TRUNCATE)');
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xaa)]));
    const damaged = await run('two.toml', '--resume');
    expect(damaged.code).toBe(74);
    expect(server.generateRequests).toHaveLength(2);
    expect(damaged.stderr.match(/^boticelli: warning: .*$/gm)).toEqual([
      expect.stringMatching(/boticelli\.db was damaged and renamed to .*\.damaged-/),
    ]);
    expect(await run('two.toml', '--resume')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('damaged'),
    });
  });
});
