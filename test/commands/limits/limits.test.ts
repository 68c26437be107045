import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  bin,
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  startBoticelli,
  startInTerminal,
  startShell,
} from '../../helpers/boticelli.js';
import { unknownModelError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { enforceQuota } from '../../helpers/quota-enforcer.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const settings = `
[providers.gemini]
fallback = ["model-b"]
[providers.gemini.tiers.free]
rpm = 30
[providers.gemini.tiers.free.models."model-c"]
rpm = 9
rpd = 20
`;

/** A folder with settings, narratives of one and three acts, and a state folder that all commands of a test share. */
function setup({ toml = settings }: { toml?: string } = {}) {
  const files = { 'boticelli.toml': toml, 'one.toml': buildNarrative(1), 'three.toml': buildNarrative(3) };
  const cwd = createTemporaryFolder(onTestFinished, files);
  const state = join(cwd, 'state');
  const env = { BOTICELLI_STATE_DIR: state };
  const options = { cwd, server, env };
  const limits = (...args: string[]) => runInProcess(['limits', ...args], options);
  return {
    ...{ cwd, state, options, limits },
    run: (file: string, ...args: string[]) => runInProcess(['run', file, ...args], options),
    /** The entry of a model in the json of `limits`. Its `free` says when the next request can be sent. */
    async model(name: string) {
      const { stdout } = await limits('--format', 'json');
      return JSON.parse(stdout).models.find((entry: { model: string }) => entry.model === name);
    },
  };
}

test('shows the limits of the settings and no usage on a fresh machine, and creates no file', async () => {
  const { limits, state } = setup();
  const { code, stdout, stderr } = await limits();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.replace(/Project: [0-9a-f]{16} /, 'Project: <hash> ')).toBe(
    [
      `Quota store: ${join(state, 'boticelli.db')}`,
      'Project: <hash> (hash of the API key)',
      'Tier: free',
      'Nothing used yet.',
      '',
      '                       limit  used  reserved  source',
      'gemini-flash-lite-latest: available now',
      '  requests per minute     30     0         0  settings',
      '  requests per day      none     0         0',
      'model-b: available now',
      '  requests per minute     30     0         0  settings',
      '  requests per day      none     0         0',
      'model-c: available now',
      '  requests per minute      9     0         0  settings',
      '  requests per day        20     0         0  settings',
      '',
    ].join('\n'),
  );
  expect(existsSync(state)).toBe(false);
});

test('without settings, shows built-in limits and marks them as such', async () => {
  const { limits } = setup({ toml: '' });
  expect((await limits()).stdout).toMatch(/^ {2}requests per minute +5 +0 +0 {2}built-in$/m);
  expect((await limits('--tier', 'tier_1')).stdout).toMatch(/^ {2}requests per minute +none +0 +0$/m);
});

test('shows the same usage as the server counted, and when a used-up daily quota is available again', async () => {
  const { run, model, limits } = setup();
  const log = enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpd: 4 });
  await run('three.toml', '--model', 'model-c');
  const sent = log.accepted('model-c');
  const tokens = sent.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  expect(await model('model-c')).toMatchObject({
    minute: { requests: { used: sent.length, booked: 0 }, tokens: { used: tokens, booked: 0 } },
    day: { requests: { used: sent.length, booked: 0 } },
    free: { state: 'now' },
  });
  expect((await run('three.toml', '--model', 'model-c', '--no-fallback')).code).toBe(75);
  const { limits: learned, day, free: availability } = await model('model-c');
  // `whole` is the limit before `[budget]` reduces it.
  expect(learned.rpd).toEqual({ value: 4, whole: 4, source: 'learned', learnedAt: expect.stringMatching(/Z$/) });
  // `closed`: the daily quota is used up. `at` is when the model is available again.
  expect(availability).toEqual({ state: 'closed', at: day.endsAt });
  const { stdout } = await limits();
  expect(stdout).toMatch(/^model-c: daily quota used up, available (after|in) \S.*$/m);
  expect(stdout).toMatch(/^ {2}requests per day +4 +\d +0 {2}learned \w{3} \d+ \w{3}, \d\d:\d\d$/m);
});

test('shows a limit learned from a rejection, and when the next request can be sent', async () => {
  const { cwd, run, limits, model } = setup();
  // Replaces the fallback in the settings with a window of four seconds.
  writeFileSync(
    join(cwd, 'boticelli.toml'),
    `[providers.gemini]\nrate_window_seconds = 4\n${settings.split('\n').slice(3).join('\n')}`,
  );
  enforceQuota(server, { window: 'sliding', windowMs: 4000, rpm: 2 });
  expect((await run('three.toml')).code).toBe(0);
  const name = 'gemini-flash-lite-latest';
  expect((await model(name)).limits.rpm).toMatchObject({ value: 2, source: 'learned' });
  await run('one.toml', '--max-wait', '0');
  const { stdout } = await limits();
  expect(stdout).toMatch(new RegExp(`^${name}: available (now|in \\d\\.\\d s, at \\d\\d:\\d\\d:\\d\\d)$`, 'm'));
  expect(stdout).toMatch(/^ {2}requests per 4\.0 s +2 +\d +0 {2}learned /m);
});

test('shows the reservation of a request that waits in another process, until that process is killed', async () => {
  const { options, model } = setup({ toml: settings.replace('rpm = 9', 'rpm = 1') });
  const running = startBoticelli(['run', 'three.toml', '--model', 'model-c'], options);
  await running.waitForOutput('waiting', 'stderr');
  expect(await model('model-c')).toMatchObject({
    minute: { requests: { used: 1, booked: 1 } },
    day: { requests: { used: 1, booked: 1 } },
    free: { state: 'later', reason: 'rpm' },
  });
  running.child.kill();
  await running.result;
  expect((await model('model-c')).day.requests, 'the reservation of the killed run is released').toEqual({
    used: 1,
    booked: 0,
  });
});

test('shows which model serves an alias; if --forget names an alias and its model, each is listed once', async () => {
  const { run, limits } = setup();
  server.setDefaultReply(textReply('Well.', { modelVersion: 'gemini-3.5-flash-lite' }));
  await run('one.toml');
  const { stdout } = await limits();
  expect(stdout).toContain(
    'gemini-flash-lite-latest: alias of gemini-3.5-flash-lite; its requests count for that model\n',
  );
  expect(stdout).toMatch(/^gemini-3\.5-flash-lite: available now\n {2}requests per minute +30 +1 +0 {2}settings$/m);
  // `--forget` of an alias also deletes the limits of its model. The output lists the model only once, although it has
  // a `--forget` of its own.
  const [alias, model] = ['gemini-flash-lite-latest', 'gemini-3.5-flash-lite'];
  const deleted = await limits('--forget', model, '--forget', alias, '--format', 'json');
  expect(JSON.parse(deleted.stdout).forgotten.map(({ model: name }: { model: string }) => name)).toEqual([
    model,
    alias,
  ]);
});

test('does not list a nonexistent model that a run has requested', async () => {
  const { limits, run } = setup();
  server.queueReplies(unknownModelError('model-tpyo'));
  expect((await run('one.toml', '-m', 'model-tpyo', '--no-fallback')).code).toBe(69);
  expect((await limits()).stdout).not.toContain('tpyo');
  await run('one.toml', '-m', 'model-served');
  expect((await limits()).stdout).toContain('model-served');
});

test('--forget deletes learned limits and keeps the counts of sent requests', async () => {
  const { run, limits, model } = setup();
  enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpd: 1 });
  await run('three.toml', '--model', 'model-c', '--no-fallback');
  const before = await model('model-c');
  const { code, stdout } = await limits('--forget', 'models/model-c');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^model-c: deleted the limit of 1 request per day, and the block until \w{3} \d+ \w{3}, \d\d:\d\d \(daily quota used up\)\n$/,
  );
  const after = await model('model-c');
  expect(after.limits.rpd).toEqual({ value: 20, whole: 20, source: 'settings' });
  expect([after.minute, after.day]).toEqual([before.minute, before.day]);
  expect(after.free).toEqual({ state: 'now' });
  expect((await limits('--forget', 'model-c')).stdout).toBe('model-c: nothing to delete\n');
  const json = await limits('--forget', 'model-c', '--format', 'json');
  // `guard`: whether rejections had enlarged the safety margin. `tokenRatio`: whether a correction of
  // token estimates had been learned.
  expect(JSON.parse(json.stdout)).toEqual({
    forgotten: [{ model: 'model-c', learned: {}, guard: false, tokenRatio: false }],
  });
});

test('--forget of a model without data is an error that lists the known models', async () => {
  const { run, limits, state } = setup();
  const fresh = await limits('--forget', 'model-x');
  expect(fresh).toMatchObject({ code: 2, stdout: '' });
  expect(fresh.stderr).toMatch(/unknown model\n {2}No model has been used yet\.\n$/);
  expect(existsSync(state)).toBe(false);
  await run('one.toml', '--model', 'model-a');
  const { code, stderr } = await limits('--forget', 'model-a', '--forget', 'model-x');
  expect(code).toBe(2);
  expect(stderr).toBe('boticelli: --forget model-x: unknown model\n  Nothing was deleted. Known models: model-a.\n');
});

test('without a key, says which project it shows and how to choose another', async () => {
  const { cwd } = setup();
  const { code, stdout } = await runInProcess(['limits'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain('Project: no-key (no API key is set)\n  Set GEMINI_API_KEY, or [quota] project in');
  writeFileSync(join(cwd, 'boticelli.toml'), '[quota]\nproject = "team-a"\n');
  expect((await runInProcess(['limits'], { cwd })).stdout).toContain('Project: team-a\n');
  const json = JSON.parse((await runInProcess(['limits', '--format', 'json'], { cwd })).stdout);
  // `book` says where quota is stored and for which project, `projectIs` where the name of the project comes from.
  expect(json).toMatchObject({ tier: 'free', windowMs: 60_000, book: { project: 'team-a', projectIs: 'named' } });
});

test("fails if the database can't be read, and leaves the file unchanged", async () => {
  const { state, run, limits } = setup();
  await run('one.toml');
  const path = join(state, 'boticelli.db');
  for (const companion of ['-wal', '-shm']) rmSync(path + companion, { force: true });
  writeFileSync(path, 'no database '.repeat(1000));
  const { code, stdout, stderr } = await limits();
  expect({ code, stdout }).toEqual({ code: 66, stdout: '' });
  expect(stderr).toContain(`${path} can't be read`);
  expect(readFileSync(path, 'utf8')).toMatch(/^no database/);
});

test('prints a coloured table on a wide terminal, and a list on a narrow one', async () => {
  const { options } = setup();
  const wide = startInTerminal(['limits'], options);
  await wide.result;
  expect(wide.stdout()).toContain('\u001b[1mmodel-c\u001b[22m: available now\r\n  requests per minute      9');
  const script = `script --quiet --return --command "stty cols 40; ${process.execPath} ${bin} limits" /dev/null`;
  const narrow = await startShell(script, { ...options, env: { ...options.env, TERM: 'xterm', SHELL: '/bin/sh' } })
    .result;
  const screen = stripVTControlCharacters(narrow.stdout).replaceAll('\r', '');
  expect(screen).toContain('model-c: available now\n  requests per minute: 9\n    0 used, 0 reserved\n    settings\n');
  // The first two lines, with the path of the store and the hash of the project, are longer.
  expect(
    screen
      .split('\n')
      .slice(2)
      .filter((line) => line.length > 40),
  ).toEqual([]);
});

test('never prints the key', async () => {
  const { run, limits } = setup();
  await run('one.toml');
  for (const args of [[], ['--format', 'json'], ['--forget', 'gemini-flash-lite-latest']]) {
    const { stdout, stderr } = await limits(...args);
    expect(stdout + stderr).not.toContain(canaryKey.slice(4));
  }
});
