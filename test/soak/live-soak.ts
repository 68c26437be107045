import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGate } from '../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { spokenReply } from '../helpers/live-replies.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';
import { printRow } from './shell-loops.js';

const liveModel = 'gemini-3.8-live';
const restModel = 'gemini-3.8-flash';
const [runCount, requestsPerDay] = [50, 20];
/** A lease lasts 15 s, and who waits for its end asks once a second. */
const maxTakeoverMs = 30_000;

/** What Live models are there for: a day's worth of runs, and a place that a dead process held. Resolves to whether both hold. */
export async function soakLive(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-live-'));
  const server = await startGeminiServer();
  try {
    return [await soakLoops(server, folder), await soakKilledHolder(server, folder)].every(Boolean);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The loop of runs on a standard model with its requests a day, and on a Live one. */
async function soakLoops(server: GeminiServer, folder: string): Promise<boolean> {
  enforceQuota(server, { windowMs: 60_000, kind: 'sliding', rpd: requestsPerDay });
  printRow('loop of runs', 'replies', '75', 'other ends', 'wall');
  printRow(...Array.from({ length: 5 }, () => '---'));
  let passed = true;
  for (const [model, expected] of [
    [restModel, requestsPerDay],
    [liveModel, runCount],
  ] as const) {
    const startedAt = performance.now();
    const codes: (number | null)[] = [];
    for (let run = 0; run < runCount; run += 1)
      codes.push(await waitForExit(startRun(['-m', model, '--rpm', '10000'], server, folder)));
    const countCode = (wanted: number) => codes.filter((code) => code === wanted).length;
    const [replies, deferred] = [countCode(0), countCode(75)];
    passed &&= replies === expected && replies + deferred === runCount;
    const wall = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    printRow(`${runCount} × ${model}`, String(replies), String(deferred), String(runCount - replies - deferred), wall);
  }
  return passed;
}

/** One place, whose holder is killed with -9 in the midst of its reply: how long until the one who waits has its own. */
async function soakKilledHolder(server: GeminiServer, folder: string): Promise<boolean> {
  server.live.queueReplies(spokenReply(['never', ' heard'], { gate: createGate() }));
  const turns = server.live.sessions.flatMap((session) => session.turns).length;
  const flags = ['-m', liveModel, '--max-concurrent', '1', '-o', 'ndjson'];
  const holder = startRun(flags, server, folder);
  await server.live.waitForTurns(turns + 1);
  const waiting = startRun(flags, server, folder);
  await waitForOutput(waiting, '"reason":"concurrency"');
  holder.kill('SIGKILL');
  const killedAt = performance.now();
  const code = await waitForExit(waiting);
  const elapsedMs = performance.now() - killedAt;
  printRow(
    'one place, its holder killed with -9',
    `the next one: exit ${code}`,
    `${(elapsedMs / 1000).toFixed(1)} s later`,
  );
  return code === 0 && elapsedMs < maxTakeoverMs;
}

function startRun(flags: string[], server: GeminiServer, folder: string): ChildProcess {
  const args = [resolve('bin/boticelli.js'), 'run', resolve('narratives/quick_test.toml'), '--no-fallback', ...flags];
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
    ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url },
  };
  return spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
}

function waitForExit(child: ChildProcess): Promise<number | null> {
  child.stdout?.resume();
  return new Promise((done) => child.on('close', done));
}

/** Resolves when standard output contains the text. */
function waitForOutput(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  return new Promise((done) =>
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      if (output.includes(text)) done();
    }),
  );
}
