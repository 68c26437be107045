import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import LibSql from 'libsql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { applicationId } from '../../../src/database/schema.js';
import { getNextPacificMidnight } from '../../../src/driver/pacific-day.js';
import { canaryKey } from '../../helpers/boticelli.js';
import {
  createQuotaFixture,
  createStateFolder,
  defaultModel,
  parseEvents,
  type QuotaFixture,
} from '../quota-fixture.js';

// These tests run the real program with its real database, and check the requests that the server counted.

/** A model with a quota of its own. */
const otherModel = 'gemini-3.8-flash';
const midnight = () => getNextPacificMidnight(Date.now()).toISOString();
/** Root can write to read-only folders, so the tests with such a folder run as another user. */
const somebodyElse = process.getuid?.() === 0 ? 65_534 : undefined;

describe('shell loops with one process per request', () => {
  const windowSeconds = 2;
  // A window this short has a safety margin of only 120 ms. A busy machine may delay a request by more than the margin.
  // Then the server rejects one request. `npm run soak` shows how many requests the server rejects on an idle machine,
  // and how long shell loops take.
  const maxRejected = 1;
  /**
   * Runs the script against a server with sliding windows and a server with fixed windows, in parallel to save time: a
   * script mostly waits. Resolves to the numbers of replies and rejections for each server.
   */
  const runScript = (rpm: number, script: string) =>
    Promise.all(
      (['sliding', 'fixed'] as const).map(async (serverWindow) => {
        const serverRules = { window: serverWindow, rpm, windowMs: windowSeconds * 1000 };
        const fixture = await createQuotaFixture(onTestFinished, { serverRules, settings: { rpm } });
        const { stdout } = await fixture.shell(script).result;
        // Loops that share a pipe may write into each other's lines, so a reply is counted anywhere in a line.
        return {
          serverWindow,
          replies: stdout.match(/Reply \d+ of/g)?.length,
          rejected: fixture.serverLog.rejected().length,
        };
      }),
    );

  test('a single loop gets all its replies', async () => {
    for (const outcome of await runScript(3, 'for i in $(seq 6); do boticelli run one.toml -q; done')) {
      expect(outcome).toMatchObject({ replies: 6 });
      expect(outcome.rejected).toBeLessThanOrEqual(maxRejected);
    }
  });

  test('three parallel loops share the quota, and get all their replies', async () => {
    const loop = '(for i in 1 2 3; do boticelli run one.toml -q; done)';
    for (const outcome of await runScript(4, `${loop} & ${loop} & ${loop} & wait`)) {
      expect(outcome).toMatchObject({ replies: 9 });
      expect(outcome.rejected).toBeLessThanOrEqual(maxRejected);
    }
  });
});

describe('a quota smaller than the settings say', () => {
  test('causes one rejection, from which this process and the next one learn the limit', async () => {
    const serverRules = { rpm: 5, windowMs: 1500 };
    const fixture = await createQuotaFixture(onTestFinished, { serverRules, settings: { rpm: 30 } });
    const first = await fixture.start(['six.toml', '-v']).result;
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain('per-minute quota of gemini-flash-lite-latest is used up (5 of 5 requests)');
    expect(fixture.serverLog.requests.map(({ exceededLimit }) => exceededLimit ?? 'ok').join(' ')).toBe(
      'ok ok ok ok ok rpm ok',
    );

    const second = await fixture.start(['six.toml', '-o', 'ndjson']).result;
    expect(second.code).toBe(0);
    expect(parseEvents(second.stdout, 'act-wait').map(({ reason }) => reason)).toContain('rpm');
    expect(parseEvents(second.stdout, 'act-retry')).toEqual([]);
    expect(fixture.serverLog.rejected()).toHaveLength(1);
  });
});

describe('a used-up daily quota', () => {
  test('causes one rejected request; later processes send none', async () => {
    const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpd: 1 } });
    expect(await fixture.start(['one.toml']).result).toMatchObject({ code: 0 });
    for (let runCount = 0; runCount < 3; runCount += 1) {
      const { code, stdout, stderr } = await fixture.start(['one.toml', '-o', 'json']).result;
      expect(code).toBe(75);
      expect(JSON.parse(stdout)).toMatchObject({
        status: 'failed',
        error: { code: 'quota_exhausted', retryAt: midnight() },
      });
      expect(stderr).toMatch(/Try again (after|in) /);
      expect(fixture.serverLog.requests).toHaveLength(2);
    }
  });

  test('makes this run and later ones use the --fallback model, and each run reports that', async () => {
    const fixture = await createQuotaFixture(onTestFinished, {
      serverRules: { rpd: 2 },
      overrides: { [otherModel]: { rpd: 100 } },
    });
    const first = await fixture.run(['four.toml', '--fallback', otherModel, '-o', 'ndjson']);
    expect(first.code).toBe(0);
    expect(parseEvents(first.stdout, 'act-fallback')).toMatchObject([
      { act: 'act_3', from: defaultModel, to: otherModel, reason: expect.stringContaining('daily quota') },
      { act: 'act_4', from: defaultModel, to: otherModel },
    ]);
    expect(parseEvents(first.stdout, 'act-end')).toMatchObject([
      { model: defaultModel, requestedModel: defaultModel },
      { model: defaultModel, requestedModel: defaultModel },
      { model: otherModel, requestedModel: defaultModel },
      { model: otherModel, requestedModel: defaultModel },
    ]);
    expect(first.stderr).toMatch(
      new RegExp(`^boticelli: act_3: using ${otherModel} instead of ${defaultModel}: .+`, 'm'),
    );
    expect(fixture.serverLog.rejected()).toMatchObject([{ model: defaultModel, exceededLimit: 'rpd' }]);

    const later = await fixture.run(['one.toml', '--fallback', otherModel, '-q']);
    expect(later).toMatchObject({ code: 0, stdout: `Reply 3 of ${otherModel}\n` });
    expect(later.stderr).toContain(`${otherModel} instead of ${defaultModel}`);
    expect(await fixture.run(['one.toml', '--fallback', otherModel, '--no-fallback'])).toMatchObject({
      code: 75,
      stdout: '',
    });
    expect(fixture.serverLog.requests.filter((each) => each.model === defaultModel)).toHaveLength(3);
  });
});

describe('a wait for quota', () => {
  const oneRequestPerMinute = { settings: { rpm: 1 } };

  test('is not started if it would exceed --max-wait: the run fails, or uses the fallback', async () => {
    const fixture = await createQuotaFixture(onTestFinished, oneRequestPerMinute);
    await fixture.run(['one.toml']);
    const { code, stdout } = await fixture.run(['one.toml', '--max-wait', '20s', '-o', 'json']);
    expect(code).toBe(75);
    const { retryAt, code: errorCode } = JSON.parse(stdout).error;
    expect(errorCode).toBe('rate_limited');
    const usedAt = fixture.serverLog.requests[0]?.at ?? 0;
    // The window of a minute has a safety margin of 500 ms.
    expect(Math.abs(Date.parse(retryAt) - usedAt - 60_500)).toBeLessThan(2000);
    expect(fixture.serverLog.requests).toHaveLength(1);
    const fallbackResult = await fixture.run(['one.toml', '--max-wait', '20s', '--fallback', otherModel]);
    expect(fallbackResult).toMatchObject({ code: 0, stdout: `Reply 1 of ${otherModel}\n` });
  });

  test('does not happen with --no-rate-limit, and the requests are not counted', async () => {
    const fixture = await createQuotaFixture(onTestFinished, oneRequestPerMinute);
    const { code, stderr } = await fixture.run(['four.toml', '--no-rate-limit']);
    expect(code).toBe(0);
    expect(stderr).not.toContain('waiting');
    expect(fixture.serverLog.accepted()).toHaveLength(4);
    expect(await fixture.run(['one.toml', '--max-wait', '1s'])).toMatchObject({ code: 0 });
  });

  test('frees its reservation for the next process if Ctrl-C ends it', async () => {
    const fixture = await createQuotaFixture(onTestFinished, oneRequestPerMinute);
    await fixture.run(['one.toml']);
    const first = await startWaitingRun(fixture);
    first.running.child.kill('SIGINT');
    expect(await first.running.result).toMatchObject({ signal: 'SIGINT' });
    const next = await startWaitingRun(fixture);
    next.running.child.kill('SIGINT');
    await next.running.result;
    expect(next.until - first.until).toBeLessThan(1000);
    expect(fixture.serverLog.requests).toHaveLength(1);
  });

  test('delays the next process only by its reservation if kill -9 ends it', async () => {
    const fixture = await createQuotaFixture(onTestFinished, {
      serverRules: { rpm: 1, windowMs: 1500 },
      settings: { rpm: 1 },
    });
    await fixture.run(['one.toml']);
    const killed = await startWaitingRun(fixture);
    killed.running.child.kill('SIGKILL');
    await once(killed.running.child, 'close');
    const next = await fixture.run(['one.toml', '-o', 'ndjson']);
    expect(next.code).toBe(0);
    const [wait] = parseEvents(next.stdout, 'act-wait');
    // The request of the killed run was never sent, but its reservation stays. So after the reserved time, the next request
    // has to wait for one window and its safety margin of 120 ms. The last 120 ms are tolerance.
    expect(Date.parse(wait.until) - killed.until).toBeLessThanOrEqual(1500 + 120 + 120);
    expect(fixture.serverLog.rejected()).toEqual([]);
  });
});

/**
 * Starts a run that has to wait for quota; the caller must end it. Resolves when the run waits, with the time at which the
 * wait will end.
 */
async function startWaitingRun(fixture: QuotaFixture) {
  const running = fixture.start(['one.toml', '-o', 'ndjson']);
  await running.waitForOutput('"act-wait"');
  const [line = ''] = running.stdout().match(/^.*"act-wait".*$/m) ?? [];
  return { running, until: Date.parse(JSON.parse(line).until) };
}

describe('an unusable database', () => {
  test('is set aside with a warning if it is damaged, and the run continues', async () => {
    const fixture = await createQuotaFixture(onTestFinished);
    createStateFolder(fixture);
    writeFileSync(fixture.database, 'This is no database at all. '.repeat(200));
    const { code, stderr } = await fixture.run(['one.toml', '-q']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^boticelli: warning: .*boticelli\.db was damaged/m);
    const aside = readdirSync(fixture.state).filter((name) => name.startsWith('boticelli.db.damaged-'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(fixture.state, aside[0] ?? ''), 'utf8')).toContain('no database at all');
    expect((await fixture.run(['one.toml'])).stderr).not.toContain('damaged');
  });

  test('is not changed if a newer version wrote it, and the run continues with a warning', async () => {
    const fixture = await createQuotaFixture(onTestFinished);
    createStateFolder(fixture);
    const future = new LibSql(fixture.database);
    future.exec(`CREATE TABLE future (fact TEXT); PRAGMA application_id = ${applicationId}; PRAGMA user_version = 99;`);
    future.close();
    const before = readFileSync(fixture.database);
    const { code, stderr } = await fixture.run(['one.toml']);
    expect(code).toBe(0);
    expect(stderr).toContain('newer boticelli (schema version 99)');
    expect(readFileSync(fixture.database).equals(before)).toBe(true);
  });

  test('that can not be created in a read-only folder causes one warning', async () => {
    const fixture = await createQuotaFixture(onTestFinished);
    createStateFolder(fixture);
    setModes(fixture, 0o555);
    const { code, stderr } = await fixture.run(['four.toml'], somebodyElse);
    expect(code).toBe(0);
    expect(stderr.match(/^boticelli: warning: .*$/gm)).toHaveLength(1);
    expect(stderr).toContain("boticelli.db can't be used");
  });
});

test('a database in a read-only folder is still read, so a used-up daily quota causes no further request', async () => {
  const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpd: 1 } });
  await fixture.run(['four.toml']);
  setModes(fixture, 0o555);
  for (const name of readdirSync(fixture.state)) chmodSync(join(fixture.state, name), 0o444);
  expect(await fixture.run(['one.toml'], somebodyElse)).toMatchObject({ code: 75 });
  expect(fixture.serverLog.requests).toHaveLength(2);
});

/** Sets the mode of the state folder, and lets every user enter the folder that contains it. */
function setModes({ folder, state }: QuotaFixture, mode: number): void {
  chmodSync(folder, 0o755);
  chmodSync(state, mode);
}

test('only the owner can read the files in the state folder, and they never contain the key', async () => {
  const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpm: 2 }, settings: { rpm: 30 } });
  const waiting = fixture.start(['four.toml']);
  await waiting.waitForOutput('waiting', 'stderr');
  expect(statSync(fixture.state).mode & 0o777).toBe(0o700);
  const files = readdirSync(fixture.state);
  expect(files).toContain('boticelli.db');
  for (const name of files) {
    expect(`${name} ${(statSync(join(fixture.state, name)).mode & 0o777).toString(8)}`).toBe(`${name} 600`);
    expect(readFileSync(join(fixture.state, name)).includes(canaryKey)).toBe(false);
  }
  waiting.child.kill('SIGINT');
  await waiting.result;
  expect(existsSync(fixture.database)).toBe(true);
});
