import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/database/open.js';
import { buildNarrative, canaryKey, createTemporaryFolder, root, runBoticelli } from '../../helpers/boticelli.js';
import { createMediaPart, partsReply, textReply } from '../../helpers/gemini/replies.js';
import { startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { openTestDatabase } from '../../helpers/test-database.js';
import { storeRun } from '../../report/report-fixture.js';

const id = '20261130-090000-000001';

/** Creates a working folder and its state folder. `store` stores runs in the state database. */
async function setup(store: (database: Database.Database) => void = () => {}) {
  const cwd = createTemporaryFolder(onTestFinished);
  const env = { BOTICELLI_STATE_DIR: join(cwd, 'state') };
  const database = await openTestDatabase(env.BOTICELLI_STATE_DIR);
  store(database);
  database.close();
  return {
    ...{ cwd, env, path: join(cwd, 'report.html') },
    report: (...args: string[]) => runInProcess(['runs', 'report', ...args], { cwd, env }),
    read: () => readFileSync(join(cwd, 'report.html'), 'utf8'),
  };
}
const storeOne = (database: Database.Database) => storeRun(database, { id, acts: [{ act: 'a', end: {} }] });

test('writes the last run as a page that loads nothing, and prints its path', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  server.queueReplies(textReply('Some *prose*.'));
  const { cwd, env, path, report, read } = await setup();
  writeFileSync(join(cwd, 'one.toml'), buildNarrative(1));
  const runEnv = { ...env, GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' };
  expect((await runInProcess(['run', join(cwd, 'one.toml'), '--quiet'], { cwd, env: runEnv })).code).toBe(0);
  expect(await report()).toEqual({ code: 0, signal: null, stdout: `${path}\n`, stderr: '' });
  const page = read();
  expect(page).toContain('<p>Some <em>prose</em>.</p>');
  expect(page).toContain("default-src 'none'");
  expect(page.match(/(src|href)="(?!#|data:,")[^"]*"|url\(|@import/g)).toBeNull();
  expect(page).not.toContain(canaryKey);
  // A page may be shared. Its readers should not learn the folder of the narrative.
  expect(page).not.toContain(cwd);
});

test('shows a run once, although several ids name it', async () => {
  const { report, read } = await setup(storeOne);
  expect((await report(id)).code).toBe(0);
  const page = read();
  expect((await report('last', id, id.slice(0, -1), '--force')).code).toBe(0);
  expect(read()).toBe(page);
});

test('shows the pictures of a run from the stored replies, and says which are no longer stored', async () => {
  const server = await startGeminiServer({ models: 'any' });
  onTestFinished(() => server.close());
  const bytes = Buffer.from('a picture');
  server.setDefaultReply(() => partsReply([[createMediaPart({ mimeType: 'image/png', bytes })]]));
  const { cwd, env, report, read } = await setup();
  const runEnv = { ...env, GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' };
  const args = ['run', join(root, 'narratives/draw.toml'), '--out-dir', join(cwd, 'out'), '--quiet'];
  expect((await runInProcess(args, { cwd, env: runEnv })).code).toBe(0);
  expect((await report()).code).toBe(0);
  expect(read().match(/<img [^>]*>/g)).toHaveLength(2);
  expect(read()).toContain(`src="data:image/png;base64,${bytes.toString('base64')}"`);
  const database = await openTestDatabase(env.BOTICELLI_STATE_DIR);
  database.exec('DELETE FROM answers');
  database.close();
  expect((await report('--force')).code).toBe(0);
  expect(read()).toContain('Not stored in the history: 01-draw-1.png, image/png, 9 bytes');
});

test('replaces a file only with --force, and never a link or a folder', async () => {
  const { cwd, report, path } = await setup(storeOne);
  writeFileSync(path, 'mine');
  const refused = {
    code: 2,
    stderr: 'boticelli: report.html exists\n  Add --force to replace it, or name another file with --output.\n',
  };
  expect(await report()).toMatchObject(refused);
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect((await report('--force')).code).toBe(0);
  expect(readFileSync(path, 'utf8')).toContain('<!doctype html>');
  writeFileSync(join(cwd, 'target'), 'mine');
  symlinkSync(join(cwd, 'target'), join(cwd, 'link'));
  symlinkSync(join(cwd, 'nowhere'), join(cwd, 'dangling'));
  mkdirSync(join(cwd, 'folder'));
  for (const [name, reason] of [
    ['link', 'a symbolic link'],
    ['dangling', 'a symbolic link'],
    ['folder', 'not a regular file'],
  ] as const) {
    expect((await report('--output', name)).code).toBe(2);
    const { code, stderr } = await report('--output', name, '--force');
    expect([code, stderr]).toEqual([74, expect.stringContaining(`it is ${reason}`)]);
  }
  expect(readFileSync(join(cwd, 'target'), 'utf8')).toBe('mine');
  expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  expect((await report('--output', 'none/report.html')).code).toBe(74);
  expect(readdirSync(cwd).filter((name) => name.includes('unfinished'))).toEqual([]);
});

test('fails for a run that does not exist, and writes no file', async () => {
  const { report, path } = await setup();
  expect(await report()).toMatchObject({ code: 66, stderr: expect.stringContaining('no runs yet') });
  expect(await report('1999')).toMatchObject({ code: 66, stderr: expect.stringContaining('no such run: 1999') });
  expect(existsSync(path)).toBe(false);
});

test('writes a page about a run that is damaged, unfinished or empty', async () => {
  // `ended` is the end event of an act, and `told` are the events before it.
  const damage: readonly [string, string][] = [
    ['ended = \'{"text": [], "usage": 3, "media": {}, "sources": [3], "audio": []}\'', 'No text.'],
    ['ended = \'{\', told = \'[{"type": "act-retry"}, {"type": "act-wait", "waitMs": 1}, 5]\'', 'No reply.'],
    ["act = ''", 'act without a name'],
  ];
  for (const [change, text] of damage) {
    const { report, read } = await setup((database) => {
      storeOne(database);
      database.exec(`UPDATE acts SET ${change}`);
      database.exec(
        "UPDATE runs SET status = NULL, duration_ms = NULL, act_count = 'x', error = '{}', usage = '[]', cost_usd = 'x'",
      );
    });
    expect(await report()).toMatchObject({ code: 0, stderr: '' });
    expect(read()).toContain('unfinished');
    expect(read()).toContain(text);
  }
  const { report, read } = await setup((database) =>
    storeRun(database, { id, status: null, durationMs: null, actCount: 3 }),
  );
  expect((await report()).code).toBe(0);
  expect(read()).toContain('No act has ended.');
});

test('writes a page about a run with a reply of 10 MB, and about a run with 10,000 acts', async () => {
  const { report, read } = await setup((database) => {
    database.exec('BEGIN');
    storeRun(database, { id, acts: [{ act: 'a', end: { text: '<b>word '.repeat(1_250_000) } }] });
    const acts = Array.from({ length: 10_000 }, (_, index) => ({ act: `<b>${index}`, end: {} }));
    storeRun(database, { id: '20261130-090000-000002', acts });
    database.exec('COMMIT');
  });
  expect((await report(id)).code).toBe(0);
  expect(read()).toContain('10,000,000 characters, shown without formatting');
  expect(read()).not.toContain('<b>word');
  expect((await report('20261130-090000-000002', '--force')).code).toBe(0);
  expect(read()).toContain('&lt;b&gt;9999');
});

test.skipIf(process.platform !== 'linux')(
  '--open starts the browser; without one, prints a warning and exits with 0',
  async () => {
    const { cwd, env, path } = await setup(storeOne);
    const programs = join(cwd, 'programs');
    mkdirSync(programs);
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\nprintf %s "$1" > ${join(cwd, 'new')} && mv ${join(cwd, 'new')} ${join(cwd, 'opened')}\n`,
    );
    chmodSync(join(programs, 'xdg-open'), 0o755);
    const run = (PATH: string) => runBoticelli(['runs', 'report', '--open', '--force'], { cwd, env: { ...env, PATH } });
    expect(await run(`${programs}:/usr/bin:/bin`)).toMatchObject({ code: 0, stdout: `${path}\n`, stderr: '' });
    await expect.poll(() => existsSync(join(cwd, 'opened'))).toBe(true);
    expect(readFileSync(join(cwd, 'opened'), 'utf8')).toBe(path);
    // With the state folder as PATH, no browser is found.
    const { code, stdout, stderr } = await run(join(cwd, 'state'));
    expect([code, stdout]).toEqual([0, `${path}\n`]);
    expect(stderr).toMatch(/^boticelli: warning: no browser was opened: .*\n$/);
  },
);
