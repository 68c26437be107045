import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bin, boticelli, narrativeOf, shell, start, temporaryFolder } from '../../helpers/boticelli.js';
import { dayQuotaUsed } from '../../helpers/gemini-errors.js';
import { text } from '../../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini-server.js';
import { killAndResume } from '../../soak/kill-and-resume.js';
import { eventsIn } from '../quota-stage.js';

// A test is several processes one after another: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

/** A folder with narratives, and a state folder that all commands of a test share. */
function rig(settings = '') {
  const cwd = temporaryFolder(onTestFinished, {
    ...{ 'two.toml': narrativeOf(2), 'eight.toml': narrativeOf(8), 'boticelli.toml': settings },
  });
  const at = { cwd, server, env: { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' } };
  return {
    ...{ cwd, at },
    run: (...args: string[]) => boticelli(['run', ...args], at),
    edit(file: string, from: string, to: string) {
      const path = join(cwd, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    },
  };
}
const overload = { status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } };
const asked = () => server.calls.map(({ body }) => body.contents.at(-1).parts[0].text);

test('after act 5 of 8 was edited, --resume asks exactly four times', async () => {
  const { run, edit } = rig();
  const whole = await run('eight.toml');
  edit('eight.toml', 'Question 5', 'Another question');
  const calls = server.calls.length;
  const resumed = await run('eight.toml', '--resume', '-o', 'ndjson');
  expect(resumed.code).toBe(0);
  expect(asked().slice(calls)).toEqual(['Another question', 'Question 6', 'Question 7', 'Question 8']);
  const ends = eventsIn(resumed.stdout, 'act-end');
  expect(ends.map(({ reused, attempts }) => [reused, attempts])).toEqual([
    ...Array(4).fill([true, 0]),
    ...Array(4).fill([false, 1]),
  ]);
  expect(whole.stdout).toContain(ends[3].text);
  const spent = ends.slice(4).reduce((sum, { usage }) => sum + usage.totalTokens, 0);
  expect(eventsIn(resumed.stdout, 'narrative-end')[0].usage.totalTokens).toBe(spent);
  expect(resumed.stderr.match(/^act_\d: reused from an earlier run: nothing asked, nothing paid/gm)).toHaveLength(4);
});

test('without --resume all is asked again, and the newest replies win', async () => {
  const { run } = rig();
  await run('two.toml');
  server.reply(text('newer'));
  await run('two.toml');
  expect(server.calls).toHaveLength(4);
  expect((await run('two.toml', '--resume')).stdout).toMatch(/^newer\n\nReply 2 .*\n$/);
  expect(server.calls).toHaveLength(4);
});

test('a run that failed ends by the very command that goes on, and that command does', async () => {
  const { run, at } = rig();
  server.reply(text('one'), overload);
  const failed = await run('two.toml', '--max-tokens', '50');
  expect(failed.code).toBe(69);
  const [, command] = /^ {2}Go on with: (boticelli run .*)$/m.exec(failed.stderr) ?? [];
  expect(command).toBe('boticelli run two.toml --max-tokens 50 --resume');
  expect(failed.stderr.trimEnd().endsWith(command ?? '?')).toBe(true);
  const resumed = await shell(command ?? 'false', at).ended;
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^one\n\nReply 2 /) });
  expect(server.calls).toHaveLength(3);
});

test('the command that goes on is quoted as a shell needs it', async () => {
  const { run, at, cwd } = rig();
  writeFileSync(join(cwd, "it's my.toml"), narrativeOf(2, 'system = "other"'));
  server.reply(text('one'), overload);
  const quoted = await run("it's my.toml", '--stream');
  expect(quoted.stderr).toContain(`Go on with: boticelli run 'it'\\''s my.toml' --stream --resume\n`);
  expect(await shell(/Go on with: (.*)/.exec(quoted.stderr)?.[1] ?? 'false', at).ended).toMatchObject({ code: 0 });
});

describe('the command that goes on', () => {
  test('is not printed where nothing was kept', async () => {
    const { run } = rig();
    server.replyAlways(overload);
    for (const flags of [['two.toml'], ['two.toml', '--resume'], ['none.toml'], ['two.toml', '--tier', 'x']]) {
      expect((await run(...flags)).stderr).not.toContain('Go on');
    }
    const { run: forgetful } = rig('[store]\nkeep = "off"\n');
    server.reply(text('one'));
    expect(await forgetful('two.toml')).toMatchObject({ code: 69, stderr: expect.not.stringContaining('Go on') });
  });

  test('says of standard input what is possible, leaves --from out, and knows npx', async () => {
    const { at } = rig();
    server.replyAlways(({ body }) => (body.contents.length > 1 ? overload : text('one')));
    const piped = boticelli(['run', '-'], { ...at, input: narrativeOf(2) });
    expect((await piped).stderr).toContain(
      'Go on, with the same narrative on standard input: boticelli run - --resume\n',
    );
    const npx = { ...at, env: { ...at.env, npm_command: 'exec' } };
    const from = await boticelli(['run', '--resume', '--from', 'act_1', '--', 'two.toml'], npx);
    expect(from.stderr).toContain('Go on with: npx boticelli run --resume -- two.toml\n');
  });

  test('is the last word after Ctrl-C too', async () => {
    const { at } = rig();
    server.reply(text('one'), { end: 'stall-before-headers' });
    const running = start(['run', 'two.toml'], at);
    await server.received(2);
    running.child.kill('SIGINT');
    const { stderr, signal } = await running.ended;
    expect(signal).toBe('SIGINT');
    expect(stderr).toMatch(/act_2: interrupted by SIGINT\n {2}Go on with: boticelli run two\.toml --resume\n$/);
  });
});

describe('--from', () => {
  test('asks again from that act on', async () => {
    const { run } = rig();
    await run('eight.toml');
    const calls = server.calls.length;
    expect(await run('eight.toml', '--resume', '--from', 'act_7')).toMatchObject({ code: 0 });
    expect(asked().slice(calls)).toEqual(['Question 7', 'Question 8']);
  });

  test.each([
    [['--from', 'act_1'], 'there is no --resume'],
    [['--resume', '--from', 'act_9'], '--from act_9: no act of that name plays'],
    [['--resume', '--rehearse'], '--rehearse and --resume do not go together'],
  ])('%j is a fault of usage', async (flags, words) => {
    const { run } = rig();
    expect(await run('two.toml', ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    expect(server.calls).toEqual([]);
  });
});

test('a reused reply is streamed at once, takes no quota, and is the same on standard output', async () => {
  const { run, at } = rig('[providers.gemini.tiers.tier_1]\nrpd = 2\n');
  const first = await run('two.toml', '--stream');
  const resumed = await run('two.toml', '--stream', '--resume', '-o', 'ndjson');
  expect(eventsIn(resumed.stdout, 'act-delta').map(({ text: piece }) => piece)).toEqual(
    first.stdout.trimEnd().split('\n\n'),
  );
  expect((await run('two.toml', '--stream', '--resume')).stdout).toBe(first.stdout);
  expect(await run('two.toml')).toMatchObject({ code: 75 });
  const { stdout } = await boticelli(['limits', '--format', 'json'], at);
  const [model] = JSON.parse(stdout).models;
  expect(model.day.requests.used).toBe(2);
});

test('a reply that a fallback gave is not reused under --no-fallback', async () => {
  const { run } = rig();
  server.reply(dayQuotaUsed('model-a'));
  await run('two.toml', '-m', 'model-a', '--fallback', 'model-b');
  const calls = server.calls.length;
  expect(await run('two.toml', '-m', 'model-a', '--resume')).toMatchObject({ code: 0 });
  expect(server.calls).toHaveLength(calls);
  const strict = await run('two.toml', '-m', 'model-a', '--resume', '--no-fallback');
  expect(strict).toMatchObject({ code: 75, stdout: '' });
});

test('only whole replies are reused, and a rehearsal leaves nothing behind', async () => {
  const { run, at } = rig();
  await run('two.toml', '--rehearse');
  server.reply(text('half', { finishReason: 'MAX_TOKENS' }));
  await run('two.toml', '--resume');
  expect(server.calls).toHaveLength(2);
  expect((await run('two.toml', '--resume')).stdout).toMatch(/^Reply 1 /);
  expect(JSON.parse((await boticelli(['runs', '--format', 'json'], at)).stdout).total).toBe(2);
});

test('two processes that resume the same run at once both have all replies', async () => {
  const { run, cwd } = rig();
  server.reply(text('1'), text('2'), text('3'), overload);
  await run('eight.toml');
  const both = await Promise.all([run('eight.toml', '--resume'), run('eight.toml', '--resume')]);
  for (const { code, stdout } of both) {
    expect(code).toBe(0);
    expect(stdout.split('\n\n')).toHaveLength(8);
    expect(stdout.startsWith('1\n\n2\n\n3\n\nReply 4 ')).toBe(true);
  }
  expect(asked().slice(4)).not.toContain('Question 3');
  expect(server.calls.length).toBeLessThanOrEqual(4 + 10);
  expect(readFileSync(join(cwd, 'eight.toml'), 'utf8')).toContain('Question 8');
});

describe('where nothing can be kept', () => {
  test('keep = "off" keeps nothing, and --resume says so', async () => {
    const { run, at } = rig('[store]\nkeep = "off"\n');
    await run('two.toml');
    const resumed = await run('two.toml', '--resume');
    expect(resumed.stderr).toContain('keep is "off"');
    expect(server.calls).toHaveLength(4);
    expect(JSON.parse((await boticelli(['runs', '--format', 'json'], at)).stdout)).toEqual({ runs: [], total: 0 });
  });

  test('the run goes on, and says so once', async () => {
    const { at, cwd } = rig();
    writeFileSync(join(cwd, 'taken'), '');
    const env = { ...at.env, BOTICELLI_STATE_DIR: join(cwd, 'taken') };
    const { code, stdout, stderr } = await boticelli(['run', 'two.toml'], { ...at, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Reply 1 .*\n\nReply 2 .*\n$/);
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toEqual([
      expect.stringMatching(
        /can't be used: .*: quota is counted for this run alone, and nothing is kept for --resume$/,
      ),
    ]);
  });

  test('on a full disk no reply is lost, and it is said once', async () => {
    const { at, cwd } = rig();
    // A shell's limit on the size of files is as good as a full disk: the database may not grow.
    const script = 'ulimit -f 8; trap "" XFSZ; boticelli run eight.toml -o text';
    const { code, stdout, stderr } = await shell(script, { ...at, cwd }).ended;
    expect(code).toBe(0);
    expect(stdout.split('\n\n')).toHaveLength(8);
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toHaveLength(1);
  });

  test('a file that turns out to be broken is set aside, not deleted', async () => {
    const { run, cwd } = rig();
    await run('two.toml');
    const path = join(cwd, 'state/boticelli.db');
    const { default: LibSql } = await import('libsql');
    new LibSql(path).pragma('wal_checkpoint(TRUNCATE)');
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xaa)]));
    const damaged = await run('two.toml', '--resume');
    expect(damaged.code).toBe(0);
    expect(damaged.stderr.match(/^boticelli: warning: .*$/gm)).toEqual([
      expect.stringMatching(/boticelli\.db was damaged; it is now .*\.damaged-/),
    ]);
    expect((await run('two.toml', '--resume')).stderr).not.toContain('damaged');
  });
});

test('a run that is killed with -9 at any moment is resumed without a second call for what was finished', async () => {
  const done = await killAndResume(bin, 5, 20_261_122);
  expect(done.flatMap(({ faults }) => faults)).toEqual([]);
  expect(done.some(({ kept }) => kept > 0)).toBe(true);
});
