import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { runBoticelli, startInTerminal } from '../../helpers/boticelli.js';
import { createQuotaFixture, defaultModel, parseEvents } from '../quota-fixture.js';

/**
 * A server that allows 100 requests in a window of 1.5 s, as for a paid key. boticelli.toml sets no limits for the free
 * tier, which is the default tier, so the built-in limits of the free tier apply.
 */
async function createPaidFixture() {
  const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpm: 100, windowMs: 1500 } });
  const { folder, state, server } = fixture;
  writeFileSync(join(folder, 'boticelli.toml'), '[providers.gemini]\nrate_window_seconds = 1.5\n');
  return { ...fixture, options: { cwd: folder, server, env: { BOTICELLI_STATE_DIR: state } } };
}

const explanation =
  /act_\d: guessed free-tier limit of 5 requests per minute; with a paid key, use --tier tier_1 or set default_tier$/gm;

test('explains a guessed limit once, and raises the guess after a faster run with --tier', async () => {
  const { run, options } = await createPaidFixture();
  const guessed = await run(['six.toml', 'six.toml']);
  expect(guessed).toMatchObject({ code: 0 });
  expect(guessed.stderr.match(/for quota of .*built-in guess/g)).toHaveLength(2);
  expect(guessed.stderr.match(explanation)).toHaveLength(1);

  const paid = await run(['six.toml', 'six.toml', '-j', '2', '--tier', 'tier_1', '-o', 'ndjson']);
  expect(paid).toMatchObject({ code: 0 });
  expect(parseEvents(paid.stdout, 'act-wait')).toEqual([]);

  const { stdout } = await runBoticelli(['limits', '--format', 'json'], options);
  const { limits } = JSON.parse(stdout).models.find((each: { model: string }) => each.model === defaultModel);
  expect(limits.rpm).toMatchObject({ source: 'built-in', value: expect.any(Number) });
  expect(limits.rpm.value).toBeGreaterThan(6);

  // The requests of the previous run are still in the window. So this run may wait, but only because of the raised
  // guess.
  const next = await run(['one.toml', '-q', '-o', 'ndjson']);
  expect(next).toMatchObject({ code: 0, stderr: '' });
  const waits = parseEvents(next.stdout, 'act-wait');
  expect(waits.every(({ guessed: isGuessed, limit }) => isGuessed && limit === limits.rpm.value)).toBe(true);
});

test('on a terminal, the explanation is printed once, and the spinner says that the limit is guessed', async () => {
  const { options } = await createPaidFixture();
  const { code, stdout } = await startInTerminal(['run', 'six.toml'], { ...options, columns: 120 }).result;
  expect(code).toBe(0);
  const screen = stripVTControlCharacters(stdout).replaceAll('\r', '\n');
  expect(screen.match(explanation)).toHaveLength(1);
  expect(screen).toContain(`act_6: waiting for quota of ${defaultModel} (guessed limit): `);
});

test('a run with rows says once that it waits for quota, and explains the guessed limit', async () => {
  const { run, folder } = await createPaidFixture();
  const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((word) => JSON.stringify({ word })).join('\n');
  writeFileSync(join(folder, 'rows.ndjson'), `${rows}\n`);
  const { code, stderr } = await run(['one.toml', '--each', 'rows.ndjson']);
  expect(code).toBe(0);
  expect(stderr.match(new RegExp(`^\\d/7 rows · waiting \\d s for quota of ${defaultModel}`, 'gm'))).toHaveLength(1);
  expect(
    stderr.match(/^gemini-.*: guessed free-tier limit of \d+ requests per minute; with a paid key/gm),
  ).toHaveLength(1);
});
