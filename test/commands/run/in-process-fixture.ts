import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, onTestFinished } from 'vitest';
import { canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

/**
 * Starts a server for each test of the file that calls this function. `createFolder` returns functions that run
 * `boticelli run` in this process, with or without that server.
 */
export function createInProcessFixture() {
  let server: GeminiServer;
  beforeEach(async () => {
    server = await startGeminiServer({ models: 'any' });
  });
  afterEach(() => server.close());
  return {
    get server() {
      return server;
    },
    /** Creates a folder with files. All calls of the returned `run` share a state folder. */
    createFolder(files: Record<string, string>) {
      const cwd = createTemporaryFolder(onTestFinished, files);
      const offlineEnv = { PATH: process.env.PATH ?? '', HOME: cwd };
      const env = {
        ...{ ...offlineEnv, BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' },
        ...{ GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url },
      };
      return {
        ...{ cwd, env },
        run: (...args: string[]) => runInProcess(['run', ...args], { env, cwd }),
        /** Runs without the server, the key and the state folder. */
        runOffline: (...args: string[]) => runInProcess(['run', ...args], { env: offlineEnv, cwd }),
        read: (name: string) => readFileSync(join(cwd, name), 'utf8'),
        write: (name: string, text: string) => writeFileSync(join(cwd, name), text),
      };
    },
  };
}
