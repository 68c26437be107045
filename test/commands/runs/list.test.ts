import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import LibSql from 'libsql';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  runBoticelli,
  startBoticelli,
  startInTerminal,
} from '../../helpers/boticelli.js';
import { overloadedError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

// A test starts several processes one after another, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

function setup() {
  const cwd = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1), 'three.toml': buildNarrative(3) });
  const state = join(cwd, 'state');
  const options = { cwd, server, env: { BOTICELLI_STATE_DIR: state, GEMINI_TIER: 'tier_1' } };
  const runs = (...args: string[]) => runInProcess(['runs', ...args], options);
  return {
    ...{ cwd, state, options, runs },
    database: join(state, 'boticelli.db'),
    run: (...args: string[]) => runInProcess(['run', ...args], options),
    listRuns: async () => JSON.parse((await runs('--format', 'json')).stdout),
  };
}
const badRequest = { status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } };

describe('runs', () => {
  test('lists nothing on a fresh machine, and creates no file', async () => {
    const { runs, state, listRuns } = setup();
    expect(await runs()).toMatchObject({ code: 0, stdout: 'No runs yet.\n', stderr: '' });
    expect(await listRuns()).toEqual({ runs: [], total: 0 });
    expect(existsSync(state)).toBe(false);
    for (const command of ['show', 'export']) {
      expect(await runs(command)).toMatchObject({ code: 66, stderr: expect.stringContaining('no runs yet') });
    }
    expect(await runs('clear')).toMatchObject({ code: 0, stdout: 'Nothing to delete.\n' });
  });

  test('lists the newest run first, with its progress', async () => {
    const { run, runs, listRuns } = setup();
    await run('one.toml');
    server.queueReplies(textReply('one'), badRequest);
    await run('three.toml', '-m', 'model-x');
    const { total, runs: all } = await listRuns();
    expect(total).toBe(2);
    expect(all).toMatchObject([
      {
        ...{ narrative: 'test', status: 'failed', actCount: 3, actsEnded: 1, modelsAsked: ['model-x'], attempts: 2 },
        ...{ modelsServed: ['model-x'], file: expect.stringMatching(/three\.toml$/) },
        error: { code: 'invalid_request', act: 'act_2' },
      },
      { status: 'completed', actCount: 1, actsEnded: 1 },
    ]);
    const lines = (await runs()).stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      'run                     started       narrative  model                     done  outcome',
      expect.stringMatching(
        new RegExp(`^${all[0].run}  .\\d \\w{3} \\d\\d:\\d\\d  test       model-x                    1/3  failed$`),
      ),
      expect.stringMatching(
        new RegExp(`^${all[1].run}  .\\d \\w{3} \\d\\d:\\d\\d  test       gemini-flash-lite-latest   1/1  completed$`),
      ),
    ]);
    expect((await runs('-n', '1')).stdout).toMatch(/\nand 1 older run \(show more with --limit <n>\)\n$/);
  });

  test('shows the variables and rows of runs, and filters runs by failure, name and time', async () => {
    const { run, runs, listRuns, cwd } = setup();
    writeFileSync(
      join(cwd, 'v.toml'),
      '[narrative]\nname = "v"\n[vars]\nx = "0"\n[acts]\na = "{{vars.x}} {{row.y}}"\n',
    );
    writeFileSync(join(cwd, 'rows.csv'), 'y\n1\n2\n');
    server.queueReplies(badRequest);
    await run('one.toml');
    await run('v.toml', '--each', 'rows.csv', '--var', `x=${'long '.repeat(30)}`, '-m', 'model-x');
    const { stdout } = await runs();
    expect(stdout).toMatch(/ narrative {2}model +source +variables +done +outcome\n/);
    expect(stdout).toMatch(/ v +model-x +rows\.csv {2}x=long long .*… {2}2\/2 rows {2}completed\n/);
    const names = async (...flags: string[]) =>
      JSON.parse((await runs('--format', 'json', ...flags)).stdout).runs.map(
        ({ narrative }: { narrative: string }) => narrative,
      );
    expect(await names('--failed')).toEqual(['test']);
    expect(await names('--narrative', 'v')).toEqual(['v']);
    expect(await names('--since', '1h')).toEqual(['v', 'test']);
    expect(await names('--since', '2000-01-01')).toEqual(['v', 'test']);
    expect((await runs('--since', '2999-01-01')).stdout).toBe('No such runs.\n');
    expect(await runs('--since', 'yesterday')).toMatchObject({ code: 2 });
    expect((await listRuns()).runs[0].vars.x).toHaveLength(80);
  });

  test('lists killed runs as unfinished', async () => {
    const { options, listRuns } = setup();
    server.queueReplies(textReply('one'), { end: 'stall-before-headers' });
    const running = startBoticelli(['run', 'three.toml'], options);
    await server.waitForRequests(2);
    running.child.kill('SIGKILL');
    await running.result;
    expect((await listRuns()).runs).toMatchObject([{ status: 'unfinished', actsEnded: 1, actCount: 3 }]);
  });

  test('lists the runs of eight processes that ran at the same time, in a database that had schema version 1', async () => {
    const { options, listRuns, state, database } = setup();
    mkdirSync(state);
    const old = new LibSql(database);
    // In the table `quota_pages`, `page` is the quota state of a model as JSON.
    old.exec(`CREATE TABLE quota_pages (key TEXT PRIMARY KEY, page TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO quota_pages VALUES ('kept', '{}'); PRAGMA user_version = 1;`);
    old.close();
    const ended = await Promise.all(
      Array.from({ length: 8 }, () => runBoticelli(['run', 'three.toml', '-q'], options)),
    );
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array(8).fill([0, '']));
    const { runs } = await listRuns();
    expect(runs).toHaveLength(8);
    expect(
      runs.every(({ status, actsEnded }: Record<string, unknown>) => status === 'completed' && actsEnded === 3),
    ).toBe(true);
    const connection = new LibSql(database);
    expect(connection.prepare('SELECT count(*) AS acts FROM acts').raw(true).get()).toEqual([24]);
    expect(connection.prepare("SELECT page FROM quota_pages WHERE key = 'kept'").raw(true).get()).toEqual(['{}']);
    expect(connection.pragma('integrity_check')).toMatchObject([{ integrity_check: 'ok' }]);
    connection.close();
  });
});

describe('runs show', () => {
  test('prints a run, by default the last one, act by act with its replies', async () => {
    const { run, runs, listRuns, cwd } = setup();
    server.queueReplies(
      overloadedError(),
      textReply('A reply.\n\n'),
      textReply('Half', { finishReason: 'MAX_TOKENS' }),
      badRequest,
    );
    await run('three.toml');
    const { stdout } = await runs('show');
    const [{ run: id }] = (await listRuns()).runs;
    expect(stdout.replaceAll(/\d+(\.\d+)? s\b/g, '<time>')).toMatch(
      new RegExp(
        [
          `^test · ${id}`,
          `.*${cwd}/three\\.toml`,
          '\\w{3} \\d+ \\w{3}, \\d\\d:\\d\\d · failed after <time> · 2 of 3 acts',
          '4 requests · 16 tokens in, 2 out · waited <time>',
          '',
          'act_1  [.#]+ +<time>',
          'act_2 .*',
          'act_3 .*',
          '\\. waiting   # thinking and answering',
          '',
          '\\[1/3\\] act_1',
          'attempt 1 failed: .*; retrying in <time>',
          'gemini-flash-lite-latest · 8 tokens in, 1 out · <time> · 2 attempts',
          'waited <time> \\(backoff\\)',
          '',
          'A reply\\.',
          '',
          '\\[2/3\\] act_2',
          'gemini-flash-lite-latest · 8 tokens in, 1 out · <time>',
          'the reply was cut short by max_tokens',
          '',
          'Half',
          '',
          '\\[3/3\\] act_3',
          'no reply',
          '',
          'boticelli: act_3: .*',
          '$',
        ].join('\n'),
      ),
    );
    expect((await runs('show', id)).stdout).toBe(stdout);
    expect((await runs('show', id.slice(0, -2))).stdout).toBe(stdout);
    expect(stdout).not.toContain(canaryKey);
  });

  test('fits a terminal of 80 columns except for code blocks, and no reply can control the terminal', async () => {
    const { run, options } = setup();
    const prose = 'A word or two of prose that goes on and on until it is longer than the screen is wide. ';
    const listAndCode = `- ${prose}${prose}\n\`\`\`\n${'x = 1; '.repeat(20)}\n\`\`\`\n`;
    server.queueReplies(textReply(`${prose.repeat(3)}\n${listAndCode}\u001b[2J`));
    await run('one.toml');
    const terminalRun = startInTerminal(['runs', 'show'], options);
    const { stdout } = await terminalRun.result;
    expect(stdout).not.toContain('\u001b[2J');
    const lines = stripVTControlCharacters(stdout).replaceAll('\r', '').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual(['x = 1; '.repeat(20)]);
    expect(lines.some((line) => line.startsWith('  ') && line.includes('prose'))).toBe(true);
    const { stdout: runsTable } = await startInTerminal(['runs'], options).result;
    expect(
      stripVTControlCharacters(runsTable)
        .split(/\r?\n/)
        .every((line) => line.length <= 80),
    ).toBe(true);
  });

  test('fails for an id that matches no run, or several runs', async () => {
    const { run, runs } = setup();
    await run('one.toml');
    await run('one.toml');
    expect(await runs('show', '1999')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('no such run: 1999'),
    });
    expect(await runs('show', '2')).toMatchObject({ code: 2, stderr: expect.stringContaining('matches several runs') });
  });
});

describe('runs export', () => {
  test('prints JSON with everything that --output json prints, except the description', async () => {
    const { run, runs } = setup();
    const document = JSON.parse((await run('three.toml', '-o', 'json')).stdout);
    const { description: _, ...expected } = document;
    expect(JSON.parse((await runs('export')).stdout)).toMatchObject(expected);
  });

  test('prints Markdown with a heading and the reply of each act, and closes a code block that a reply left open', async () => {
    const { run, runs } = setup();
    server.queueReplies(
      textReply('Some *prose*.\n\n- one\n- two'),
      textReply('```js\nlet cut;'),
      textReply('After it.'),
    );
    await run('three.toml');
    const { stdout } = await runs('export', 'last', '--format', 'markdown');
    expect(stdout).toMatch(/^# test\n\n- Run `[\d-]+-[0-9a-f]{6}`, \d{4}-.*Z\n- completed after .*, 3 of 3 acts\n/);
    expect(stdout).toMatch(/\n## 1\. act_1\n\n\*gemini.*\*\n\nSome \*prose\*\.\n\n- one\n- two\n\n## 2\. act_2\n/);
    // An open code block in the reply would contain everything that follows, so the export closes it.
    expect(stdout).toContain('```js\nlet cut;\n```\n\n## 3. act_3\n');
  });
});

describe('runs clear', () => {
  test('deletes runs and their replies only after a yes on a terminal', async () => {
    const { run, runs, options, listRuns } = setup();
    await run('three.toml');
    expect(await runs('clear')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this deletes 1 run and 3 stored replies'),
    });
    const no = startInTerminal(['runs', 'clear'], options);
    await no.waitForOutput('Continue? [y/N]');
    no.child.stdin?.write('n\n');
    expect((await no.result).code).toBe(2);
    expect((await listRuns()).total).toBe(1);
    const yes = startInTerminal(['runs', 'clear'], options);
    await yes.waitForOutput('Continue? [y/N]');
    yes.child.stdin?.write('y\n');
    expect(await yes.result).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Deleted 1 run and 3 stored replies'),
    });
    expect((await listRuns()).total).toBe(0);
    const calls = server.generateRequests.length;
    await run('three.toml', '--resume');
    expect(server.generateRequests).toHaveLength(calls + 3);
  });

  test("can delete one narrative's runs, or old ones", async () => {
    const { run, runs, listRuns, cwd } = setup();
    writeFileSync(join(cwd, 'other.toml'), buildNarrative(1).replace('name = "test"', 'name = "other"'));
    await run('one.toml');
    await run('other.toml');
    const clear = (...flags: string[]) => runs('clear', '--yes', ...flags);
    expect((await clear('--older-than', '30d')).stdout).toBe('Nothing to delete.\n');
    expect((await clear('--narrative', 'other')).stdout).toMatch(/^Deleted 1 run and [01] stored repl/);
    expect((await listRuns()).runs).toMatchObject([{ narrative: 'test' }]);
    expect((await clear('--older-than', '0')).stdout).toMatch(/^Deleted 1 run /);
    expect(await clear('--older-than', 'soon')).toMatchObject({ code: 2 });
  });

  test('--all deletes everything in the database', async () => {
    const { run, runs, database } = setup();
    await run('one.toml');
    expect(await runs('clear', '--all', '--narrative', 'test')).toMatchObject({ code: 2 });
    const question = 'this deletes all runs and stored replies, and what is known about quota and models';
    expect(await runs('clear', '--all')).toMatchObject({ code: 2, stderr: expect.stringContaining(question) });
    expect((await runs('clear', '--all', '--yes')).stdout).toBe(`Deleted everything in ${database}.\n`);
    const connection = new LibSql(database);
    for (const table of ['runs', 'acts', 'answers', 'quota_pages'])
      expect(connection.prepare(`SELECT count(*) FROM ${table}`).raw(true).get(), table).toEqual([0]);
    connection.close();
    expect((await runs('clear', '--all', '--yes')).stdout).toBe('Nothing to delete.\n');
  });
});

test.each([
  ['comes from a newer version', (path: string) => new LibSql(path).exec('PRAGMA user_version = 99')],
  ['is not a database', (path: string) => writeFileSync(path, 'No database. '.repeat(100))],
])('runs, show, export and clear fail for a database file that %s', async (_, spoil) => {
  const { runs, state, database } = setup();
  mkdirSync(state);
  spoil(database);
  for (const command of [[], ['show'], ['export'], ['clear', '--yes']]) {
    expect(await runs(...command)).toMatchObject({ code: 66, stderr: expect.stringContaining("can't be read") });
  }
});

// Only root can start the program as another user, for whom the folder is read-only.
test.skipIf(process.platform === 'win32' || process.getuid?.() !== 0)(
  'reads a history in a read-only folder',
  async () => {
    const { cwd, state, database, options, run } = setup();
    await run('one.toml');
    // SQLite removes the write-ahead log when the last connection is closed. The run above may have left its connection
    // open in this process, so closing the connection below may leave the log. Then the test removes the log itself.
    const connection = new LibSql(database);
    connection.pragma('wal_checkpoint(TRUNCATE)');
    connection.close();
    for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true });
    for (const [path, mode] of [[cwd, 0o755] as const, [state, 0o555] as const]) chmodSync(path, mode);
    chmodSync(database, 0o444);
    const { code, stdout, stderr } = await runBoticelli(['runs'], { ...options, uid: 65_534 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('completed');
  },
);
