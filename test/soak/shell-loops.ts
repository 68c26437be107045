import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeMarginMs } from '../../src/quota/limiter/schedule.js';
import { root, startShell } from '../helpers/boticelli.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { computeQuotaUse, enforceQuota } from '../helpers/quota-enforcer.js';

/** The quota of the server: `rpm` requests per `windowMs`. */
export const windowMs = 4000;
export const rpm = 10;

export interface LoopResult {
  requests: number;
  replies: number;
  rejected: number;
  wallMs: number;
  /** The shortest time that the quota allows, if all requests of each window are sent when it begins. */
  idealMs: number;
  /** The share of the quota that was used, from 0 to 1. */
  quotaUse: number;
  /** The warnings on standard error. */
  warnings: string[];
}

export interface LoopOptions {
  loops: number;
  /** The number of runs of each loop, one after another. Default 1. */
  runs?: number;
  /** The windows in which the server counts requests. */
  serverWindow: 'sliding' | 'fixed';
  /**
   * The number of rows of a table. If present, each loop is replaced by one run, which takes one shard of the table and
   * runs eight rows in parallel. By default the runs have no rows.
   */
  rows?: number;
  /** The number of state folders that simulate machines, to which loops are assigned in turn. Default 1. */
  machines?: number;
  redisUrl?: string;
  /** `callback` is called once, when the server has accepted `count` requests. */
  onAccepted?: { count: number; callback: () => void };
}

const runCommand = `boticelli run "${join(root, 'narratives/quick_test.toml')}" --verbose`;
const settings = `[providers.gemini]\nrate_window_seconds = ${windowMs / 1000}\n[providers.gemini.tiers.free]\nrpm = ${rpm}\n`;

/** Runs shell loops of `boticelli run` against a new server. */
export async function runLoops({
  loops,
  runs = 1,
  serverWindow,
  machines = 1,
  rows,
  redisUrl,
  onAccepted,
}: LoopOptions): Promise<LoopResult> {
  const requestCount = rows ?? loops * runs;
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-soak-'));
  writeFileSync(join(folder, 'boticelli.toml'), settings);
  const server = await startGeminiServer();
  const log = enforceQuota(server, { windowMs, window: serverWindow, rpm });
  const poll = setInterval(() => {
    if (!onAccepted || log.accepted().length < onAccepted.count) return;
    clearInterval(poll);
    onAccepted.callback();
  }, 10);
  writeFileSync(join(folder, 'rows.toml'), '[narrative]\nname = "rows"\n[acts]\na = "Row {{row.number}}"\n');
  const numbers = Array.from({ length: requestCount }, (_, index) => `${index + 1}\n`);
  writeFileSync(join(folder, 'rows.csv'), `number\n${numbers.join('')}`);
  const createScript = (index: number) =>
    rows !== undefined
      ? `boticelli run rows.toml --each rows.csv --jobs 8 --shard ${index + 1}/${loops}`
      : `for i in $(seq ${runs}); do ${runCommand}; done`;
  const env = { HOME: folder, ...(redisUrl !== undefined && { BOTICELLI_REDIS_URL: redisUrl }) };
  const startedAt = performance.now();
  const outputs = await Promise.all(
    Array.from({ length: loops }, (_, index) => {
      const state = join(folder, `machine-${index % machines}`);
      return startShell(createScript(index), { server, cwd: folder, env: { ...env, BOTICELLI_STATE_DIR: state } })
        .result;
    }),
  );
  const wallMs = performance.now() - startedAt;
  clearInterval(poll);
  await server.close();
  rmSync(folder, { recursive: true });
  return {
    ...{
      requests: requestCount,
      wallMs,
      rejected: log.rejected().length,
      idealMs: (requestCount / rpm - 1) * windowMs,
    },
    replies: outputs.reduce((sum, { stdout }) => sum + (stdout.match(/^Reply /gm)?.length ?? 0), 0),
    quotaUse: computeQuotaUse(log.accepted(), rpm, windowMs + computeMarginMs(windowMs, 1)),
    warnings: outputs.flatMap(({ stderr }) => stderr.match(/^boticelli: warning: .*/gm) ?? []),
  };
}

/** Renders the cells of a result, in the order of `cellNames`. */
export function formatCells({ requests, replies, rejected, wallMs, idealMs, quotaUse }: LoopResult): string[] {
  const formatSeconds = (durationMs: number) => `${(durationMs / 1000).toFixed(1)} s`;
  return [
    ...[`${replies} of ${requests}`, String(rejected), formatSeconds(wallMs), formatSeconds(idealMs)],
    ...[`${((wallMs / idealMs - 1) * 100).toFixed(1)}%`, `${(quotaUse * 100).toFixed(1)}%`],
  ];
}

export const cellNames = ['replies', 'rejected', 'time', 'ideal time', 'overhead', 'quota used'];
