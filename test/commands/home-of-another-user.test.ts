import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, canaryKey, createTemporaryFolder, runBoticelli } from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

// Root can enter every folder, so root starts the program as another user.
const asSomebodyElse = process.getuid?.() === 0 ? { uid: 65_534 } : {};

test.each([
  [
    ['run', 'x.toml'],
    [/settings file .*permission denied, so it is ignored/, /quota is counted for this run only/],
  ],
  [['limits'], [/settings file .*so it is ignored/, /boticelli\.db .*permission denied: earlier use .* is unknown/]],
  [
    ['check', 'x.toml', '--estimate'],
    [/settings file .*so it is ignored/, /earlier use .* is unknown/],
  ],
  [['models'], [/settings file .*so it is ignored/, /the model list is not cached/]],
])('a HOME that the user cannot enter causes two warnings, but no error: %j', async (args, warnings) => {
  const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': buildNarrative(1) });
  chmodSync(cwd, 0o755);
  const home = join(cwd, 'home');
  mkdirSync(home, { mode: 0 });
  onTestFinished(() => chmodSync(home, 0o700));
  const env = { HOME: home, BOTICELLI_STATE_DIR: '', GEMINI_API_KEY: canaryKey };
  const { code, stdout, stderr } = await runBoticelli(args, { ...asSomebodyElse, cwd, server, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/^ +at /m) });
  expect(stdout).not.toBe('');
  for (const warning of warnings) expect(stderr).toMatch(warning);
  expect(stderr.match(/warning/g)).toHaveLength(2);
});
