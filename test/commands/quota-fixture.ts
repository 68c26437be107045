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
import { enforceQuota, type QuotaLog, type QuotaRules } from '../helpers/quota-enforcer.js';

/** The model that narratives ask without naming one. */
export const model = 'gemini-flash-lite-latest';

export interface QuotaFixtureOptions {
  /** What the server allows: by default all. Its window is a minute unless told. */
  serverRules?: Partial<QuotaRules>;
  /** What it allows single models. */
  overrides?: Record<string, Partial<QuotaRules>>;
  /** What `boticelli.toml` says, for all models. Without it nothing is said but the window's length. */
  settings?: { rpm?: number; rpd?: number };
}

/** A working folder with narratives of 1, 4 and 6 acts and settings, a state folder beside it, and a server with quota. */
export interface QuotaFixture {
  server: GeminiServer;
  log: QuotaLog;
  folder: string;
  state: string;
  /** The path of the state's database; it may not exist. */
  database: string;
  run(args: string[], uid?: number): Promise<ProcessResult>;
  start(args: string[]): RunningProcess;
  shell(script: string): RunningProcess;
}

/** Sets a stage of its own for a test, which may run beside others. */
export async function createQuotaFixture(
  onCleanup: (clean: () => void) => void,
  { serverRules, overrides, settings = {} }: QuotaFixtureOptions = {},
): Promise<QuotaFixture> {
  const server = await startGeminiServer();
  onCleanup(() => void server.close());
  const rules: QuotaRules = { windowMs: 60_000, kind: 'sliding', ...serverRules };
  const log = enforceQuota(server, rules, overrides);
  const folder = createTemporaryFolder(onCleanup, {
    'one.toml': buildNarrative(1),
    'four.toml': buildNarrative(4),
    'six.toml': buildNarrative(6),
    'boticelli.toml': renderSettings(rules.windowMs, settings),
  });
  const state = join(folder, 'state');
  const options = { server, cwd: folder, env: { BOTICELLI_STATE_DIR: state } };
  return {
    ...{ server, log, folder, state, database: join(state, 'boticelli.db') },
    run: (args, uid) => runBoticelli(['run', ...args], { ...options, ...(uid !== undefined && { uid }) }),
    start: (args) => startBoticelli(['run', ...args], options),
    shell: (script) => startShell(script, options),
  };
}

/** Makes the state folder, for a test that puts something there beforehand. */
export function createStateFolder({ state }: QuotaFixture): void {
  mkdirSync(state, { mode: 0o700 });
}

/** The events of ndjson, of one type. */
export function parseEvents(stdout: string, type: string) {
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((event) => event.type === type);
}

function renderSettings(windowMs: number, limits: Record<string, number>): string {
  const lines = Object.entries(limits).map(([name, value]) => `${name} = ${value}`);
  const tier = ['[providers.gemini.tiers.free]', ...lines];
  return ['[providers.gemini]', `rate_window_seconds = ${windowMs / 1000}`, ...tier, ''].join('\n');
}
