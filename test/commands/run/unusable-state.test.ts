import { existsSync } from 'node:fs';
import LibSql from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createQuotaFixture, type QuotaFixture } from '../quota-fixture.js';

/** Locks the database with SQL statements, as another process would. `release` ends the lock. */
function lock({ database }: QuotaFixture, ...statements: string[]) {
  const other = new LibSql(database);
  for (const statement of statements) other.exec(statement);
  return { release: () => void other.close() };
}

const lockKinds = [
  ['for writing', ['BEGIN IMMEDIATE']],
  // In this locking mode, a write locks out readers too. The table `quota_pages` has the quota state of each model.
  [
    'for reading and writing',
    ['PRAGMA locking_mode = EXCLUSIVE', 'BEGIN EXCLUSIVE', 'DELETE FROM quota_pages WHERE key = 0'],
  ],
] as const;

// These tests run concurrently, because they mostly wait: a run reports a lock only after some seconds.
describe.concurrent('a database that another process keeps locked', () => {
  test.for(lockKinds)(
    'makes a run wait, and the run says so (locked %s)',
    async ([, statements], { expect, onTestFinished }) => {
      const fixture = await createQuotaFixture(onTestFinished);
      await fixture.start(['one.toml']).result;
      const { release } = lock(fixture, ...statements);
      const running = fixture.start(['four.toml', '--last']);
      await running.waitForOutput('another process has locked the state database: waiting for it', 'stderr');
      expect(fixture.server.generateRequests).toHaveLength(1);
      release();
      expect(await running.result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Reply /) });
    },
  );

  test.for(lockKinds)(
    'lets Ctrl-C end a run that waits for it (locked %s)',
    async ([, statements], { expect, onTestFinished }) => {
      const fixture = await createQuotaFixture(onTestFinished);
      await fixture.start(['one.toml']).result;
      const { release } = lock(fixture, ...statements);
      onTestFinished(release);
      const running = fixture.start(['four.toml']);
      await running.waitForOutput('has locked the state database', 'stderr');
      const sentAt = Date.now();
      running.child.kill('SIGINT');
      expect(await running.result).toMatchObject({
        signal: 'SIGINT',
        stdout: '',
        stderr: expect.not.stringMatching(/^ +at /m),
      });
      expect(Date.now() - sentAt).toBeLessThan(1500);
      expect(fixture.server.generateRequests).toHaveLength(1);
    },
  );
});

/**
 * Renders a script that runs a command with a limit on the size of every file, which acts like a full disk and needs no
 * privileges. (A manual test on a tmpfs of that size gave the same result.)
 */
const renderFullDiskScript = (kilobytes: number, command: string) =>
  `(ulimit -f ${kilobytes}; ${command}; echo "code $?")`;

describe('a full disk that contains the state folder', () => {
  test.each([0, 4, 40])('is reported once, and the run continues without state (%i kB)', async (kilobytes) => {
    const fixture = await createQuotaFixture(onTestFinished);
    const { stdout, stderr } = await fixture.shell(renderFullDiskScript(kilobytes, 'boticelli run four.toml --last'))
      .result;
    expect(stdout).toMatch(/^Reply .*\ncode 0\n$/);
    expect(
      stderr.match(
        /^boticelli: warning: .*quota is counted for this run only, and no replies are stored for --resume$/gm,
      ),
    ).toHaveLength(1);
    expect(stderr.match(/warning/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('does not make a run forget a used-up daily quota, even without room for a write-ahead log', async () => {
    const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpd: 1 } });
    await fixture.start(['four.toml']).result;
    removeWriteAheadLog(fixture);
    const { stdout } = await fixture.shell(renderFullDiskScript(4, 'boticelli run one.toml')).result;
    expect(stdout).toBe('code 75\n');
    // Both requests come from the first run: the server accepted one and rejected the next.
    expect(fixture.serverLog.requests).toHaveLength(2);
  });
});

/**
 * Makes SQLite remove the write-ahead log, by closing the last connection to the database. This requires that the runs
 * before were in other processes: a run in this process can leave its connection open.
 */
function removeWriteAheadLog({ database }: QuotaFixture): void {
  const connection = new LibSql(database);
  // Not `connection.pragma`: its statement would keep the connection open after `close`.
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  connection.close();
  expect(existsSync(`${database}-wal`)).toBe(false);
}
