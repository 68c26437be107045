import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGate } from '../helpers/gemini-gate.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { spoken } from '../helpers/live-replies.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';
import { say } from './loops.js';

const live = 'gemini-3.8-live';
const standard = 'gemini-3.8-flash';
const [runs, aDay] = [50, 20];
/** A lease lasts 15 s, and who waits for its end asks once a second. */
const mostMs = 30_000;

/** What Live models are there for: a day's worth of runs, and a place that a dead process held. Resolves to whether both hold. */
export async function soakLive(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-live-'));
  const server = await startGeminiServer();
  try {
    return [await loops(server, folder), await afterKill(server, folder)].every(Boolean);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The loop of runs on a standard model with its requests a day, and on a Live one. */
async function loops(server: GeminiServer, folder: string): Promise<boolean> {
  enforceQuota(server, { windowMs: 60_000, kind: 'sliding', rpd: aDay });
  say('loop of runs', 'replies', '75', 'other ends', 'wall');
  say(...Array.from({ length: 5 }, () => '---'));
  let isKept = true;
  for (const [model, expected] of [
    [standard, aDay],
    [live, runs],
  ] as const) {
    const startedAt = performance.now();
    const codes: (number | null)[] = [];
    for (let run = 0; run < runs; run += 1)
      codes.push(await ended(start(['-m', model, '--rpm', '10000'], server, folder)));
    const count = (wanted: number) => codes.filter((code) => code === wanted).length;
    const [replies, later] = [count(0), count(75)];
    isKept &&= replies === expected && replies + later === runs;
    const wall = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    say(`${runs} × ${model}`, String(replies), String(later), String(runs - replies - later), wall);
  }
  return isKept;
}

/** One place, whose holder is killed with -9 in the midst of its reply: how long until the one who waits has its own. */
async function afterKill(server: GeminiServer, folder: string): Promise<boolean> {
  server.live.reply(spoken(['never', ' heard'], { gate: createGate() }));
  const turns = server.live.sessions.flatMap((session) => session.turns).length;
  const flags = ['-m', live, '--max-concurrent', '1', '-o', 'ndjson'];
  const holder = start(flags, server, folder);
  await server.live.received(turns + 1);
  const waiting = start(flags, server, folder);
  await told(waiting, '"reason":"concurrency"');
  holder.kill('SIGKILL');
  const killedAt = performance.now();
  const code = await ended(waiting);
  const tookMs = performance.now() - killedAt;
  say('one place, its holder killed with -9', `the next one: exit ${code}`, `${(tookMs / 1000).toFixed(1)} s later`);
  return code === 0 && tookMs < mostMs;
}

function start(flags: string[], server: GeminiServer, folder: string): ChildProcess {
  const args = [resolve('bin/boticelli.js'), 'run', resolve('narratives/quick_test.toml'), '--no-fallback', ...flags];
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
    ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url },
  };
  return spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
}

function ended(child: ChildProcess): Promise<number | null> {
  child.stdout?.resume();
  return new Promise((done) => child.on('close', done));
}

/** Resolves when standard output contains the text. */
function told(child: ChildProcess, text: string): Promise<void> {
  let heard = '';
  return new Promise((done) =>
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      heard += piece;
      if (heard.includes(text)) done();
    }),
  );
}
