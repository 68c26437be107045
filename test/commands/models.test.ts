import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey, bin as program, shell, start, temporaryFolder, terminal } from '../helpers/boticelli.js';
import { keyInvalid, minuteQuotaUsed, overloaded } from '../helpers/gemini-errors.js';
import { listedModel } from '../helpers/gemini-models.js';
import { text } from '../helpers/gemini-replies.js';
import { setModelsStage } from './models-stage.js';

const stage = (options?: Parameters<typeof setModelsStage>[1]) => setModelsStage(onTestFinished, options);
const named = (document: { models: { model: string }[] }) => document.models.map(({ model }) => model);
/** The lines of the table, without its head. */
const tableIn = (stdout: string) => stdout.split('\n').filter((line) => / {2}(generate|also|Live|not here)/.test(line));

describe('the list', () => {
  test('has all 120 models of three pages, those of the last page too, and how each is reached', async () => {
    const { bin, server } = await stage();
    const { code, stdout, stderr } = await bin(['models']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tableIn(stdout)).toHaveLength(120);
    expect(stdout).toMatch(
      /^Service: 127\.0\.0\.1:\d+\nListed: .*\nTier: free\nModels: 120\n\nmodel +reached by +input/,
    );
    expect(stdout).toMatch(/^gemini-3\.8-flash +generate, stream +1048576 +65536 +~5\/min, ~20\/day$/m);
    expect(stdout).toMatch(/^gemini-3\.8-live +Live only +1048576 +65536 +~3 at once$/m);
    expect(stdout).toMatch(/^gemini-both-ways +also Live +/m);
    expect(stdout).toMatch(/^veo-3\.1-generate-001 +not here +480$/m);
    expect(stdout).toMatch(/^gemini-3\.1-flash-tts-preview +not here /m);
    expect(stdout).toMatch(/^gemini-2\.5-pro +generate, stream .*; (retires|was to retire) on 2026-12-01$/m);
    expect(server.requests.map(({ path }) => new URL(path, server.url).searchParams.get('pageToken'))).toEqual([
      null,
      '50',
      '100',
    ]);
  });

  test('is the same as json, with what the service says of each', async () => {
    const { document, server } = await stage();
    const list = await document();
    expect(list).toMatchObject({ service: `127.0.0.1:${server.port}`, tier: 'free', windowMs: 60_000, count: 120 });
    expect(list.listedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(list.models).toHaveLength(120);
    const byName = (name: string) => list.models.find(({ model }: { model: string }) => model === name);
    expect(byName('gemini-3.8-live')).toEqual({
      model: 'gemini-3.8-live',
      displayName: 'gemini-3.8-live',
      description: 'One of the last page.',
      methods: ['bidiGenerateContent', 'countTokens'],
      reach: { generate: false, stream: false, live: true },
      countsTokens: true,
      ...{ inputTokens: 1_048_576, outputTokens: 65_536 },
      limits: { maxConcurrent: { value: 3, whole: 3, source: 'built-in' } },
    });
    expect(byName('gemini-both-ways').reach).toEqual({ generate: true, stream: true, live: true });
    expect(byName('gemini-2.5-flash')).toMatchObject({ retires: '2026-12-01' });
    expect(byName('veo-3.1-generate-001')).not.toHaveProperty('limits');
    expect(byName('veo-3.1-generate-001')).not.toHaveProperty('outputTokens');
  });

  test('can be narrowed to models that speak Live, and to a text in names or descriptions', async () => {
    const { document, models } = await stage();
    const live = named(await document(['--live']));
    expect(live).toHaveLength(10);
    expect(live).toEqual(expect.arrayContaining(['gemini-3.8-live', 'gemini-both-ways', 'gemini-talk']));
    expect(named(await document(['--search', 'FLASH-lite']))).toEqual([
      'gemini-flash-lite-latest',
      'gemini-3.5-flash-lite',
      'gemini-3.1-flash-lite',
      'gemini-2.5-flash-lite',
    ]);
    expect(named(await document(['--search', 'no such name']))).toEqual(['gemini-talk']);
    expect(named(await document(['--search', 'last page', '--live']))).toHaveLength(8);
    const nothing = await models(['--search', 'mistral']);
    expect(nothing).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/\nModels: 0 of 120\n$/) });
  });

  test('has the quota of settings, what was learned, and what a name stands for', async () => {
    const settings = '[providers.gemini.tiers.free]\nrpm = 30\n[budget]\nrpm_multiplier = 0.5\n';
    const { server, models, document, run } = await stage({ settings });
    server.reply(
      minuteQuotaUsed('gemini-3.8-flash', { limit: '12' }),
      text(['Hi'], { modelVersion: 'gemini-3.5-flash' }),
    );
    await run('gemini-3.8-flash');
    await run('gemini-flash-latest');
    const { stdout } = await models();
    expect(stdout).toMatch(/^gemini-3\.8-flash .* {2}6\/min$/m);
    expect(stdout).toMatch(/^gemini-3\.7-flash .* {2}15\/min$/m);
    expect(stdout).toMatch(/^gemini-flash-latest .* {2}15\/min; stands for gemini-3\.5-flash$/m);
    expect(stdout).not.toContain('~');
    const [learned] = (await document(['--search', 'gemini-3.8-flash'])).models;
    expect(learned.limits.rpm).toMatchObject({ value: 6, whole: 12, source: 'learned', learnedAt: expect.any(String) });
  });

  test('shows control characters of a server as symbols', async () => {
    const { models } = await stage({ models: [listedModel('evil\u001b[2J\u202e-model')] });
    const { stdout } = await models();
    expect(stdout).toContain('evil␛[2J�-model');
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('on a terminal', () => {
  test('of 80 columns every line fits, long names and notes have lines of their own', async () => {
    const { server, state } = await stage();
    const run = terminal(['models'], { server, env: { BOTICELLI_STATE_DIR: state } });
    await run.ended;
    const lines = stripVTControlCharacters(run.stdout()).replaceAll('\r', '').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(tableIn(lines.join('\n'))).toHaveLength(120);
    const long = lines.indexOf('gemini-2.5-flash-native-audio-preview-12-2025');
    expect(lines[long + 1]).toMatch(/^ {20,}Live only +1048576 +65536 {2}~3 at once$/);
    expect(lines[lines.findIndex((line) => line.startsWith('gemini-2.5-pro ')) + 1]).toMatch(/ retire on|retires on/);
    // The rest of every row stands in the same column.
    const columns = tableIn(lines.join('\n')).map((line) =>
      line.search(/(generate, stream|also Live|Live only|not here)/),
    );
    expect(new Set(columns).size).toBe(1);
  });

  test('that is narrow it is a list', async () => {
    const { server, state, cwd } = await stage();
    const script = `script --quiet --return --command "stty cols 50; ${process.execPath} ${program} models" /dev/null`;
    const env = { BOTICELLI_STATE_DIR: state, TERM: 'xterm', SHELL: '/bin/sh' };
    const { stdout } = await shell(script, { server, cwd, env }).ended;
    const shown = stripVTControlCharacters(stdout).replaceAll('\r', '');
    expect(shown).toContain('\ngemini-3.8-live\n  Live only\n  1048576 tokens in, 65536 out\n  ~3 at once\n');
  });
});

describe('the list that is kept', () => {
  test('serves for a day, and --refresh asks again', async () => {
    const kept = await stage();
    const first = await kept.models();
    expect(kept.pages).toBe(3);
    expect((await kept.models()).stdout).toBe(first.stdout);
    expect(await kept.document()).toMatchObject({ count: 120 });
    expect(kept.pages).toBe(3);
    await kept.models(['--refresh']);
    expect(kept.pages).toBe(6);
  });

  test('is asked for anew when it is older than a day', async () => {
    const kept = await stage();
    await kept.models();
    const age = (hours: number) =>
      kept.inDatabase((database) =>
        database.exec(`UPDATE catalogues SET fetched_at = ${Date.now() - hours * 3_600_000}`),
      );
    age(23.9);
    await kept.models();
    expect(kept.pages).toBe(3);
    age(24.1);
    const { listedAt } = await kept.document();
    expect(kept.pages).toBe(6);
    expect(Date.now() - Date.parse(listedAt)).toBeLessThan(60_000);
  });

  test('is not shared with another key, and the key is nowhere in the state folder', async () => {
    const kept = await stage();
    await kept.bin(['models']);
    await kept.bin(['run', 'one.toml', '--model', 'gemini-3.9-flash', '-v']);
    await kept.bin(['models'], { GEMINI_API_KEY: `${canaryKey}-two` });
    expect(kept.pages).toBe(6);
    const keys = kept.inDatabase((database) => database.prepare('SELECT key FROM catalogues').raw(true).all());
    expect(keys).toHaveLength(2);
    expect(kept.stateBytes()).toContain('gemini-3.8-live');
    expect(kept.stateBytes()).not.toContain(canaryKey.slice(4));
  });

  test('is as if absent where its row is damaged', async () => {
    const kept = await stage();
    await kept.models();
    kept.inDatabase((database) => database.exec(`UPDATE catalogues SET models = substr(models, 1, 1000)`));
    expect(await kept.models()).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Models: 120') });
    expect(kept.pages).toBe(6);
  });

  test('goes with a damaged database, which is set aside and told', async () => {
    const kept = await stage();
    await kept.models();
    // With its journal SQLite would mend it.
    for (const journal of ['-wal', '-shm']) rmSync(join(kept.state, `boticelli.db${journal}`), { force: true });
    writeFileSync(
      join(kept.state, 'boticelli.db'),
      'no database at all, but long enough to be read as one\n'.repeat(50),
    );
    const { code, stderr, stdout } = await kept.models();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 0, lines: 2 });
    expect(stderr).toMatch(/^boticelli: warning: .* was damaged; it is now .*, and a new one was begun\n$/);
    expect(tableIn(stdout)).toHaveLength(120);
    await kept.models();
    expect(kept.pages).toBe(6);
  });

  test('need not be kept: where state cannot be written the list is shown all the same, with one warning', async () => {
    const { models, cwd } = await stage();
    const env = { BOTICELLI_STATE_DIR: join(cwd, 'one.toml', 'state') };
    const { code, stderr, stdout } = await models([], env);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^boticelli: warning: .*boticelli\.db can't be used: .*: the list of models is not kept\n$/);
    expect(tableIn(stdout)).toHaveLength(120);
  });

  test('of a newer boticelli is left alone', async () => {
    const kept = await stage();
    await kept.models();
    kept.inDatabase((database) => database.pragma('user_version = 99'));
    const { code, stderr } = await kept.models();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^boticelli: warning: .* is of a newer boticelli .*: the list of models is not kept\n$/);
  });
});

describe('a run', () => {
  test('with a model that the list has, or the table, asks for no list', async () => {
    const { bin, server } = await stage();
    const run = (model: string) => bin(['run', 'one.toml', '--model', model, '--live']);
    expect(await run('gemini-3.8-flash')).toMatchObject({ code: 0 });
    expect(await bin(['models'])).toMatchObject({ code: 0 });
    expect(await run('gemma-9-7b-it')).toMatchObject({ code: 0 });
    const actions = server.requests.map(({ action }) => action);
    expect(actions).toEqual(['generateContent', 'list', 'list', 'list', 'generateContent']);
  });

  test('with a model that nothing knows asks for it, and for no list', async () => {
    const { run, server } = await stage({ models: [listedModel('my-own-model')] });
    expect(await run('my-own-model', ['--no-rate-limit'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(1);
  });

  test('with an unknown model names its nearest: the first run asks for the list, the next has it', async () => {
    const kept = await stage();
    const first = await kept.bin(['run', 'one.toml', '--model', 'gemini-3.9-flash']);
    expect(first).toMatchObject({ code: 69, stdout: '' });
    expect(first.stderr).toMatch(/The nearest that the service lists: gemini-/);
    expect(kept.pages).toBe(3);
    expect(await kept.bin(['run', 'one.toml', '--model', 'gemini-3.9-flash'])).toEqual(first);
    expect(await kept.models()).toMatchObject({ code: 0 });
    expect(kept.pages).toBe(3);
  });

  test('with an unknown model and no state folder is as good, and says nothing of the list', async () => {
    const kept = await stage();
    const env = { BOTICELLI_STATE_DIR: join(kept.cwd, 'one.toml', 'state') };
    const { code, stderr } = await kept.run('gemini-3.9-live', ['-q'], env);
    expect(code).toBe(69);
    expect(stderr.match(/warning/g)).toHaveLength(1);
    expect(stderr).toContain('gemini-3.8-live');
    expect(stderr).not.toContain('the list of models');
  });
});

describe('without a key', () => {
  const noKey = { GEMINI_API_KEY: '' };

  test('it is 77, with how to get one', async () => {
    const { models, pages } = await stage();
    const { code, stdout, stderr } = await models([], noKey);
    expect({ code, stdout, pages }).toEqual({ code: 77, stdout: '', pages: 0 });
    expect(stderr).toBe(
      'boticelli: there is no API key\n  Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey.\n',
    );
  });

  test('what another key could reach is shown, and said to be that; but --refresh is 77', async () => {
    const kept = await stage();
    await kept.models();
    const { code, stdout, stderr } = await kept.models([], noKey);
    expect({ code, count: tableIn(stdout).length }).toEqual({ code: 0, count: 120 });
    expect(stderr).toMatch(/^boticelli: warning: there is no API key: this is what another one could reach on .*\n$/);
    expect(await kept.models(['--refresh'], noKey)).toMatchObject({ code: 77 });
    expect(kept.pages).toBe(3);
  });
});

describe('fails with the code of the failure', () => {
  test.each([
    ['a refused key', keyInvalid(canaryKey), 77, /the service refused the API key/],
    ['an overloaded service', overloaded(), 69, /overloaded/],
    ['an answer that is no list', { body: '<html>Log in</html>', status: 200 }, 69, /./],
  ])('%s', async (_, script, exit, says) => {
    const { models, server } = await stage();
    server.replyToList(script);
    const { code, stdout, stderr } = await models();
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(canaryKey);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('what failed is not kept', async () => {
    const kept = await stage();
    kept.server.replyToList({ body: { models: [listedModel('first')], nextPageToken: '50' } }, overloaded());
    expect(await kept.models()).toMatchObject({ code: 69 });
    expect(await kept.document()).toMatchObject({ count: 120 });
  });

  test('a flag that is none, and a name too many', async () => {
    const { models } = await stage();
    expect(await models(['--lively'])).toMatchObject({ code: 2 });
    expect(await models(['gemini'])).toMatchObject({ code: 2 });
    expect(await models(['--tier', 'gold'])).toMatchObject({ code: 2 });
  });

  test('Ctrl-C while the service thinks ends it by the signal', async () => {
    const { server, cwd, state } = await stage();
    server.replyToList({ end: 'stall-before-headers' });
    const running = start(['models'], { server, cwd, env: { BOTICELLI_STATE_DIR: state } });
    const request = await server.received(1);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: '' });
    await request.closedEarly;
  });

  test('a closed pipe ends it quietly', async () => {
    const { server } = await stage();
    const cwd = temporaryFolder(onTestFinished);
    // The reader is gone before the program starts.
    const waiting = 'until [ -e gone ]; do sleep 0.01; done';
    const script = `set -o pipefail; { ${waiting}; boticelli models; } | { exec <&-; touch gone; }; echo "$?"`;
    const { stdout, stderr } = await shell(script, { server, cwd }).ended;
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });
});
