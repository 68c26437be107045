import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildNarrative, createTemporaryFolder, type ProcessResult, startShell } from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';

/** Whether the system can start a process without a network. */
const hasNamespaces = spawnSync('unshare', ['--net', 'true']).status === 0;

/** A folder with narratives of 2 and 8 acts, and a server. Recordings are written to `answers.ndjson`. */
export interface RecordingFixture {
  server: GeminiServer;
  cwd: string;
  /** The home folder of a replay; it is empty. */
  home: string;
  /** The state folder of a replay; it does not exist. */
  state: string;
  /** Records with the server and a key. */
  record(...args: string[]): Promise<ProcessResult>;
  /** Replays without a server and without a key, in an empty home folder. */
  replay(...args: string[]): Promise<ProcessResult>;
  /** `boticelli run` with only these arguments, in the environment of `replay`, and without a network if possible. */
  runIsolated(args: string): Promise<ProcessResult>;
  /** The lines of the recording. */
  lines(): string[];
  edit(file: string, from: string, to: string): void;
}

export async function createRecordingFixture(onCleanup: (clean: () => void) => void): Promise<RecordingFixture> {
  const server = await startGeminiServer({ models: 'any' });
  onCleanup(() => void server.close());
  const cwd = createTemporaryFolder(onCleanup, { 'two.toml': buildNarrative(2), 'eight.toml': buildNarrative(8) });
  const [home, state] = [join(cwd, 'home'), join(cwd, 'no-state')];
  mkdirSync(home);
  const offlineEnv = { HOME: home, BOTICELLI_STATE_DIR: state, GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' };
  return {
    ...{ server, cwd, home, state },
    record: (...args) =>
      runInProcess(['run', ...args, '--record', 'answers.ndjson'], { cwd, server, env: { GEMINI_TIER: 'tier_1' } }),
    replay: (...args) => runInProcess(['run', ...args, '--replay', 'answers.ndjson'], { cwd, env: offlineEnv }),
    runIsolated: (args) =>
      startShell(`${hasNamespaces ? 'export -f boticelli; unshare --net bash -c' : 'eval'} 'boticelli run ${args}'`, {
        cwd,
        env: offlineEnv,
      }).result,
    lines: () => readFileSync(join(cwd, 'answers.ndjson'), 'utf8').split('\n').slice(0, -1),
    edit(file, from, to) {
      const path = join(cwd, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    },
  };
}
