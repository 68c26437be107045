import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey } from '../../helpers/boticelli.js';
import { listedModel } from '../../helpers/gemini/models.js';
import { createModelsFixture, extractTableRows } from '../models-fixture.js';

const createFixture = (options?: Parameters<typeof createModelsFixture>[1]) =>
  createModelsFixture(onTestFinished, options);

describe('the cached list', () => {
  test('is used by the next command, and --refresh requests it again', async () => {
    const fixture = await createFixture();
    const first = await fixture.runModels();
    expect(fixture.pageRequests).toBe(3);
    expect((await fixture.runModels()).stdout).toBe(first.stdout);
    expect(await fixture.readDocument()).toMatchObject({ count: 120 });
    expect(fixture.pageRequests).toBe(3);
    await fixture.runModels(['--refresh']);
    expect(fixture.pageRequests).toBe(6);
  });

  test('is requested again after a day', async () => {
    const fixture = await createFixture();
    await fixture.runModels();
    const setAge = (hours: number) =>
      fixture.withDatabase((database) =>
        database.exec(`UPDATE catalogues SET fetched_at = ${Date.now() - hours * 3_600_000}`),
      );
    setAge(23.9);
    await fixture.runModels();
    expect(fixture.pageRequests).toBe(3);
    setAge(24.1);
    const { listedAt } = await fixture.readDocument();
    expect(fixture.pageRequests).toBe(6);
    expect(Date.now() - Date.parse(listedAt)).toBeLessThan(60_000);
  });

  test('is not shared with another key, and the state folder never contains the key', async () => {
    const fixture = await createFixture();
    await fixture.runBin(['models']);
    await fixture.runBin(['run', 'one.toml', '--model', 'gemini-3.9-flash', '-v']);
    await fixture.runBin(['models'], { GEMINI_API_KEY: `${canaryKey}-two` });
    expect(fixture.pageRequests).toBe(6);
    const keys = fixture.withDatabase((database) => database.prepare('SELECT key FROM catalogues').raw(true).all());
    expect(keys).toHaveLength(2);
    expect(fixture.stateBytes()).toContain('gemini-3.8-live');
    expect(fixture.stateBytes()).not.toContain(canaryKey.slice(4));
  });

  test('is ignored if its row is damaged', async () => {
    const fixture = await createFixture();
    await fixture.runModels();
    fixture.withDatabase((database) => database.exec(`UPDATE catalogues SET models = substr(models, 1, 1000)`));
    expect(await fixture.runModels()).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('Models: 120'),
    });
    expect(fixture.pageRequests).toBe(6);
  });

  test('is lost if the database is damaged; the damaged file is renamed, with a warning', async () => {
    const fixture = await createFixture();
    await fixture.runModels();
    // With the write-ahead log, SQLite would repair the database.
    for (const journal of ['-wal', '-shm']) rmSync(join(fixture.state, `boticelli.db${journal}`), { force: true });
    writeFileSync(
      join(fixture.state, 'boticelli.db'),
      'no database at all, but long enough to be read as one\n'.repeat(50),
    );
    const { code, stderr, stdout } = await fixture.runModels();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 0, lines: 2 });
    expect(stderr).toMatch(/^boticelli: warning: .* was damaged and renamed to .*; a new database was created\n$/);
    expect(extractTableRows(stdout)).toHaveLength(120);
    await fixture.runModels();
    expect(fixture.pageRequests).toBe(6);
  });

  test("is optional: if the state folder can't be written, the list is printed with one warning", async () => {
    const { runModels, cwd } = await createFixture();
    const env = { BOTICELLI_STATE_DIR: join(cwd, 'one.toml', 'state') };
    const { code, stderr, stdout } = await runModels([], env);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^boticelli: warning: .*boticelli\.db can't be used: .*: the model list is not cached\n$/);
    expect(extractTableRows(stdout)).toHaveLength(120);
  });

  test('is neither read nor written if a newer boticelli wrote the database', async () => {
    const fixture = await createFixture();
    await fixture.runModels();
    fixture.withDatabase((database) => database.pragma('user_version = 99'));
    const { code, stderr } = await fixture.runModels();
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^boticelli: warning: .* was written by a newer boticelli .*: the model list is not cached\n$/,
    );
  });
});

describe('a run', () => {
  test('requests no list for a built-in model or a model in the cached list', async () => {
    const { runBin, server } = await createFixture();
    // With --live, a run has to know whether the model supports the Live API. These models do not, so REST is used.
    const run = (model: string) => runBin(['run', 'one.toml', '--model', model, '--live']);
    expect(await run('gemini-3.8-flash')).toMatchObject({ code: 0 });
    expect(await runBin(['models'])).toMatchObject({ code: 0 });
    expect(await run('gemma-9-7b-it')).toMatchObject({ code: 0 });
    // Only `models` requests the list, which has three pages.
    const actions = server.requests.map(({ action }) => action);
    expect(actions).toEqual(['generateContent', 'list', 'list', 'list', 'generateContent']);
  });

  test('sends its request without requesting the model list if only the service knows the model', async () => {
    const { run, server } = await createFixture({ models: [listedModel('my-own-model')] });
    expect(await run('my-own-model', ['--no-rate-limit'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(1);
  });

  test('suggests similar names from the model list if the service does not have the model, and a second run reads the list from the cache', async () => {
    const fixture = await createFixture();
    const first = await fixture.runBin(['run', 'one.toml', '--model', 'gemini-3.9-flash']);
    expect(first).toMatchObject({ code: 69, stdout: '' });
    expect(first.stderr).toMatch(/Similar models: gemini-/);
    expect(fixture.pageRequests).toBe(3);
    expect(await fixture.runBin(['run', 'one.toml', '--model', 'gemini-3.9-flash'])).toEqual(first);
    expect(await fixture.runModels()).toMatchObject({ code: 0 });
    expect(fixture.pageRequests).toBe(3);
  });

  test('suggests similar names, with one warning that does not mention the model list, if the state folder is not usable', async () => {
    const fixture = await createFixture();
    const env = { BOTICELLI_STATE_DIR: join(fixture.cwd, 'one.toml', 'state') };
    const { code, stderr } = await fixture.run('gemini-3.9-live', ['-q'], env);
    expect(code).toBe(69);
    expect(stderr.match(/warning/g)).toHaveLength(1);
    expect(stderr).toContain('gemini-3.8-live');
    expect(stderr).not.toContain('the model list');
  });
});
