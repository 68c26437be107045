import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { computeGuardMs } from '../../src/quota/limiter/schedule.js';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { computeQuotaUse, enforceQuota } from '../helpers/quota-enforcer.js';

/** The server allows so many requests a window. */
export const windowMs = 4000;
export const rpm = 10;

export interface LoopResult {
  requests: number;
  replies: number;
  rejected: number;
  wallMs: number;
  /** The first window's requests go at once, and each further window's as soon as it begins. */
  idealMs: number;
  /** The share of the quota that was used, of 1. */
  quotaUse: number;
  /** What standard error said of the quota book. */
  warnings: string[];
}

export interface LoopOptions {
  loops: number;
  /** Of each loop, one after the other. */
  runs: number;
  kind: 'sliding' | 'fixed';
  /** State folders, which are machines; the loops are dealt out to them. Default one. */
  machines?: number;
  redisUrl?: string;
  /** Called when so many replies were sent. */
  onReplies?: { count: number; act: () => void };
}

const runCommand = `"${process.execPath}" "${resolve('bin/boticelli.js')}" run "${resolve('narratives/quick_test.toml')}" --verbose`;
const settings = `[providers.gemini]\nrate_window_seconds = ${windowMs / 1000}\n[providers.gemini.tiers.free]\nrpm = ${rpm}\n`;

/** Runs the loops against a server of their own. */
export async function runLoops({
  loops,
  runs,
  kind,
  machines = 1,
  redisUrl,
  onReplies,
}: LoopOptions): Promise<LoopResult> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-soak-'));
  writeFileSync(join(folder, 'boticelli.toml'), settings);
  const server = await startGeminiServer();
  const log = enforceQuota(server, { windowMs, kind, rpm });
  const poll = setInterval(() => {
    if (!onReplies || log.accepted().length < onReplies.count) return;
    clearInterval(poll);
    onReplies.act();
  }, 10);
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: folder, GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url },
    ...(redisUrl !== undefined && { BOTICELLI_REDIS_URL: redisUrl }),
  };
  const startedAt = performance.now();
  const outputs = await Promise.all(
    Array.from({ length: loops }, (_, index) => {
      const state = join(folder, `machine-${index % machines}`);
      return runLoop(runs, folder, { ...env, BOTICELLI_STATE_DIR: state });
    }),
  );
  const wallMs = performance.now() - startedAt;
  clearInterval(poll);
  await server.close();
  rmSync(folder, { recursive: true });
  return {
    ...{
      requests: loops * runs,
      wallMs,
      rejected: log.rejected().length,
      idealMs: ((loops * runs) / rpm - 1) * windowMs,
    },
    replies: outputs.reduce((sum, { stdout }) => sum + (stdout.match(/^Reply /gm)?.length ?? 0), 0),
    quotaUse: computeQuotaUse(log.accepted(), rpm, windowMs + computeGuardMs(windowMs, 1)),
    warnings: outputs.flatMap(({ stderr }) => stderr.match(/^boticelli: warning: .*/gm) ?? []),
  };
}

/** One loop of a shell. */
function runLoop(runs: number, cwd: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const script = `for i in $(seq ${runs}); do ${runCommand}; done`;
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((done) => child.on('close', () => done(output)));
}

/** Prints a row of a table. */
export function printRow(...cells: string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** The cells of a row that every soak has. */
export function formatCells({ requests, replies, rejected, wallMs, idealMs, quotaUse }: LoopResult): string[] {
  const formatSeconds = (durationMs: number) => `${(durationMs / 1000).toFixed(1)} s`;
  return [
    ...[`${replies} of ${requests}`, String(rejected), formatSeconds(wallMs), formatSeconds(idealMs)],
    ...[`${((wallMs / idealMs - 1) * 100).toFixed(1)}%`, `${(quotaUse * 100).toFixed(1)}%`],
  ];
}

export const cellNames = ['replies', 'refused', 'wall', 'ideal', 'over it', 'quota used'];
