import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { guardFor } from '../../src/quota/limiter/schedule.js';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';
import { shareOfQuota } from '../helpers/quota-share.js';

/** The server allows so many requests a window. */
export const windowMs = 4000;
export const rpm = 10;

export interface Soaked {
  asked: number;
  replies: number;
  refused: number;
  wallMs: number;
  /** The first window's requests go at once, and each further window's as soon as it begins. */
  idealMs: number;
  /** The share of the quota that was used, of 1. */
  share: number;
  /** What standard error said of the quota book. */
  warnings: string[];
}

export interface SoakOptions {
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

const command = `"${process.execPath}" "${resolve('bin/boticelli.js')}" run "${resolve('narratives/quick_test.toml')}" --verbose`;
const settings = `[providers.gemini]\nrate_window_seconds = ${windowMs / 1000}\n[providers.gemini.tiers.free]\nrpm = ${rpm}\n`;

/** Runs the loops against a server of their own. */
export async function soak({ loops, runs, kind, machines = 1, redisUrl, onReplies }: SoakOptions): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-soak-'));
  writeFileSync(join(folder, 'boticelli.toml'), settings);
  const server = await startGeminiServer();
  const log = enforceQuota(server, { windowMs, kind, rpm });
  const watch = setInterval(() => {
    if (!onReplies || log.accepted().length < onReplies.count) return;
    clearInterval(watch);
    onReplies.act();
  }, 10);
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: folder, GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url },
    ...(redisUrl !== undefined && { BOTICELLI_REDIS_URL: redisUrl }),
  };
  const startedAt = performance.now();
  const ended = await Promise.all(
    Array.from({ length: loops }, (_, index) => {
      const state = join(folder, `machine-${index % machines}`);
      return loop(runs, folder, { ...env, BOTICELLI_STATE_DIR: state });
    }),
  );
  const wallMs = performance.now() - startedAt;
  clearInterval(watch);
  await server.close();
  rmSync(folder, { recursive: true });
  return {
    ...{ asked: loops * runs, wallMs, refused: log.refused().length, idealMs: ((loops * runs) / rpm - 1) * windowMs },
    replies: ended.reduce((sum, { stdout }) => sum + (stdout.match(/^Reply /gm)?.length ?? 0), 0),
    share: shareOfQuota(log.accepted(), rpm, windowMs + guardFor(windowMs, 1)),
    warnings: ended.flatMap(({ stderr }) => stderr.match(/^boticelli: warning: .*/gm) ?? []),
  };
}

/** One loop of a shell. */
function loop(runs: number, cwd: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const script = `for i in $(seq ${runs}); do ${command}; done`;
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((done) => child.on('close', () => done(said)));
}

/** Prints a row of a table. */
export function say(...cells: string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** The cells of a row that every soak has. */
export function figures({ asked, replies, refused, wallMs, idealMs, share }: Soaked): string[] {
  const seconds = (durationMs: number) => `${(durationMs / 1000).toFixed(1)} s`;
  return [
    ...[`${replies} of ${asked}`, String(refused), seconds(wallMs), seconds(idealMs)],
    ...[`${((wallMs / idealMs - 1) * 100).toFixed(1)}%`, `${(share * 100).toFixed(1)}%`],
  ];
}

export const figureNames = ['replies', 'refused', 'wall', 'ideal', 'over it', 'quota used'];
