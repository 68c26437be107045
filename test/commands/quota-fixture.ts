import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildNarrative,
  createTemporaryFolder,
  type ProcessResult,
  type RunningProcess,
  runBoticelli,
  startBoticelli,
  startShell,
} from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';
import { enforceQuota, type QuotaLog, type QuotaRules } from '../helpers/quota-enforcer.js';

/** The model of narratives that name none. */
export const defaultModel = 'gemini-flash-lite-latest';

export interface QuotaFixtureOptions {
  /** The limits of the server. Default: none, with a window of one minute. */
  serverRules?: Partial<QuotaRules>;
  /** Rules of the server for single models, by the name of the model. They take precedence over `serverRules`. */
  overrides?: Record<string, Partial<QuotaRules>>;
  /**
   * The limits of the free tier in `boticelli.toml`, for all models. The tier in this file replaces the built-in tier. By
   * default the tier is empty, so only learned limits apply.
   */
  settings?: { rpm?: number; rpd?: number };
}

/** A working folder with narratives of 1, 4 and 6 acts, settings and a state folder, and a server that enforces a quota. */
export interface QuotaFixture {
  server: GeminiServer;
  /** What the server decided about each request that arrived. */
  serverLog: QuotaLog;
  folder: string;
  state: string;
  /** The path of the state database. A run creates the database if it does not exist. */
  database: string;
  /** Runs narratives in this process or, with a `uid`, in a new process of that user. */
  run(args: string[], uid?: number): Promise<ProcessResult>;
  /** Starts a new process. */
  start(args: string[]): RunningProcess;
  shell(script: string): RunningProcess;
}

/** Creates a separate fixture for a test, which may run in parallel with others. */
export async function createQuotaFixture(
  onCleanup: (clean: () => void) => void,
  { serverRules, overrides, settings = {} }: QuotaFixtureOptions = {},
): Promise<QuotaFixture> {
  const server = await startGeminiServer();
  onCleanup(() => void server.close());
  const rules: QuotaRules = { windowMs: 60_000, window: 'sliding', ...serverRules };
  const serverLog = enforceQuota(server, rules, overrides);
  const folder = createTemporaryFolder(onCleanup, {
    'one.toml': buildNarrative(1),
    'four.toml': buildNarrative(4),
    'six.toml': buildNarrative(6),
    'boticelli.toml': renderSettings(rules.windowMs, settings),
  });
  const state = join(folder, 'state');
  const options = { server, cwd: folder, env: { BOTICELLI_STATE_DIR: state } };
  return {
    ...{ server, serverLog, folder, state, database: join(state, 'boticelli.db') },
    run: (args, uid) =>
      uid === undefined ? runInProcess(['run', ...args], options) : runBoticelli(['run', ...args], { ...options, uid }),
    start: (args) => startBoticelli(['run', ...args], options),
    shell: (script) => startShell(script, options),
  };
}

/** Creates the state folder, for a test that writes to it before any run does. */
export function createStateFolder({ state }: QuotaFixture): void {
  mkdirSync(state, { mode: 0o700 });
}

/** Returns the events of one type from ndjson. */
export function parseEvents(stdout: string, type: string) {
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((event) => event.type === type);
}

function renderSettings(windowMs: number, limits: Record<string, number>): string {
  const lines = Object.entries(limits).map(([name, value]) => `${name} = ${value}`);
  const tier = ['[providers.gemini.tiers.free]', ...lines];
  return ['[providers.gemini]', `rate_window_seconds = ${windowMs / 1000}`, ...tier, ''].join('\n');
}
