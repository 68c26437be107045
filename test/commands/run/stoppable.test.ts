import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli, startBoticelli } from '../../helpers/boticelli.js';
import { createGate, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

/** The schemas a0 to a25. Each one above a0 refers twice to the one below, so validation of a25 takes 2^25 steps. */
const levels = Array.from({ length: 26 }, (_, level) => {
  const below = { $ref: `#/$defs/a${level - 1}` };
  return [`a${level}`, level === 0 ? { type: 'string' } : { anyOf: [below, below] }];
});
const schemas = {
  backtracks: { type: 'string', pattern: '^(a+)+$' },
  doubles: { $defs: Object.fromEntries(levels), $ref: '#/$defs/a25' },
};

const createFolder = () => {
  const renderNarrative = (head: string) =>
    `[narrative]\nname = "x"\n[toc]\norder = ["a"]\n[acts.a]\n${head}\n[[acts.a.input]]\ntype = "text"\ncontent = "x"\n`;
  const entries = Object.entries(schemas).flatMap(([name, schema]) => [
    [`${name}.json`, JSON.stringify(schema)],
    [`${name}.toml`, renderNarrative(`format = "json"\nschema = "${name}.json"`)],
  ]);
  return createTemporaryFolder(onTestFinished, { ...Object.fromEntries(entries), 'plain.toml': renderNarrative('') });
};

/** In each case, the program validates a reply for a long time, or waits for the rest of an error page. */
const cases = [
  ['a pattern that backtracks', 'backtracks.toml', () => textReply(`"${'a'.repeat(60)}b"`)],
  ['an anyOf that doubles the work at each level', 'doubles.toml', () => textReply('7')],
  [
    'an error page that stops in the middle',
    'plain.toml',
    () => ({ status: 503, packets: ['<title', ''], gate: createGateAfterFirstPacket() }),
  ],
] as const;

/** Creates a gate that lets the first packet pass and holds back all others. */
function createGateAfterFirstPacket() {
  const gate = createGate();
  let isFirst = true;
  return {
    ...gate,
    async wait() {
      if (!isFirst) await gate.wait();
      isFirst = false;
    },
  };
}

describe.each(cases)('%s', (_, file, createReply) => {
  test('does not keep the run from ending on Ctrl-C', async () => {
    server.setDefaultReply(createReply());
    const running = startBoticelli(['run', file], { server, cwd: createFolder() });
    await server.waitForRequests(1);
    // The program prints nothing when it begins to validate or to wait, so the test gives it time. A signal before
    // then would end any run, and prove nothing.
    await sleep(400);
    const sentAt = Date.now();
    running.child.kill('SIGINT');
    expect(await running.result).toMatchObject({ signal: 'SIGINT', stdout: '' });
    expect(Date.now() - sentAt).toBeLessThan(1000);
  });

  test('does not keep the run from ending after --timeout', async () => {
    server.setDefaultReply(createReply());
    const { code, stderr } = await runBoticelli(['run', file, '--timeout', '500ms'], { server, cwd: createFolder() });
    expect([code, stderr]).toEqual([124, expect.stringMatching(/0\.5 s$/m)]);
  });
});

test('check ends within 5 s if the order names 80 unknown acts with names of 5,000 characters', async () => {
  // `check` suggests similar names, but not for names this long: to compare 80 with 80 of them would take too long.
  const indexes = Array.from({ length: 80 }, (_, index) => index);
  const [unknownName, knownName] = ['ab'.repeat(2500), 'ba'.repeat(2500)];
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': `[narrative]\nname = "x"\n[toc]\norder = [${indexes.map((index) => `"${unknownName}${index}"`)}]\n[acts]\n${indexes
      .map((index) => `"${knownName}${index}" = "x"\n`)
      .join('')}`,
  });
  const startedAt = Date.now();
  expect((await runBoticelli(['check', 'n.toml'], { cwd })).code).toBe(65);
  expect(Date.now() - startedAt).toBeLessThan(5000);
});

test.each([['run'], ['check']])('Ctrl-C ends %s within 1 s while it hashes a large file', async (command) => {
  const input = '[[acts.a.input]]\ntype = "video"\nfile = "film.mp4"\n';
  const narrative = `[narrative]\nname = "x"\n[toc]\norder = ["a"]\n${input}`;
  const cwd = createTemporaryFolder(onTestFinished, { 'film.toml': narrative, 'film.mp4': '\0\0\0\x20ftypisom' });
  // A sparse file takes no space.
  truncateSync(join(cwd, 'film.mp4'), 1_900_000_000);
  const running = startBoticelli([command, 'film.toml'], { server, cwd });
  await sleep(800);
  const sentAt = Date.now();
  running.child.kill('SIGINT');
  expect(await running.result).toMatchObject({ signal: 'SIGINT' });
  expect(Date.now() - sentAt).toBeLessThan(1000);
});
