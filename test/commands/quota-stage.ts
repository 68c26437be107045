import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  boticelli,
  type Ended,
  narrativeOf,
  type Running,
  shell,
  start,
  temporaryFolder,
} from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { enforceQuota, type QuotaLog, type QuotaRules } from '../helpers/quota-enforcer.js';

/** The model that narratives ask without naming one. */
export const model = 'gemini-flash-lite-latest';

export interface QuotaStageOptions {
  /** What the server allows: by default all. Its window is a minute unless told. */
  allows?: Partial<QuotaRules>;
  /** What it allows single models. */
  overrides?: Record<string, Partial<QuotaRules>>;
  /** What `boticelli.toml` says, for all models. Without it nothing is said but the window's length. */
  settings?: { rpm?: number; rpd?: number };
}

/** A working folder with narratives of 1, 4 and 6 acts and settings, a state folder beside it, and a server with quota. */
export interface QuotaStage {
  server: GeminiServer;
  log: QuotaLog;
  folder: string;
  state: string;
  /** The path of the state's database; it may not exist. */
  database: string;
  run(args: string[], uid?: number): Promise<Ended>;
  start(args: string[]): Running;
  shell(script: string): Running;
}

/** Sets a stage of its own for a test, which may run beside others. */
export async function setQuotaStage(
  onEnd: (clean: () => void) => void,
  { allows, overrides, settings = {} }: QuotaStageOptions = {},
): Promise<QuotaStage> {
  const server = await startGeminiServer();
  onEnd(() => void server.close());
  const rules: QuotaRules = { windowMs: 60_000, kind: 'sliding', ...allows };
  const log = enforceQuota(server, rules, overrides);
  const folder = temporaryFolder(onEnd, {
    'one.toml': narrativeOf(1),
    'four.toml': narrativeOf(4),
    'six.toml': narrativeOf(6),
    'boticelli.toml': settingsFile(rules.windowMs, settings),
  });
  const state = join(folder, 'state');
  const surroundings = { server, cwd: folder, env: { BOTICELLI_STATE_DIR: state } };
  return {
    ...{ server, log, folder, state, database: join(state, 'boticelli.db') },
    run: (args, uid) => boticelli(['run', ...args], { ...surroundings, ...(uid !== undefined && { uid }) }),
    start: (args) => start(['run', ...args], surroundings),
    shell: (script) => shell(script, surroundings),
  };
}

/** Makes the state folder, for a test that puts something there beforehand. */
export function makeStateFolder({ state }: QuotaStage): void {
  mkdirSync(state, { mode: 0o700 });
}

/** The events of ndjson, of one type. */
export function eventsIn(stdout: string, type: string) {
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((event) => event.type === type);
}

function settingsFile(windowMs: number, limits: Record<string, number>): string {
  const lines = Object.entries(limits).map(([name, value]) => `${name} = ${value}`);
  const tier = ['[providers.gemini.tiers.free]', ...lines];
  return ['[providers.gemini]', `rate_window_seconds = ${windowMs / 1000}`, ...tier, ''].join('\n');
}
