import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printHeading, printRow } from '../bench/measure.js';
import { type RunningProcess, root, startBoticelli } from '../helpers/boticelli.js';
import { spokenReply } from '../helpers/gemini/live-replies.js';
import { createGate } from '../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';

const liveModel = 'gemini-3.8-live';
const restModel = 'gemini-3.8-flash';
const [runCount, requestsPerDay] = [50, 20];
/**
 * The maximum time from killing the process that holds the only concurrency slot until the process that waits for the
 * slot has ended. A slot stays taken for up to 15 s after its holder died. The waiting process checks every second
 * whether the slot is free.
 */
const maxTakeoverMs = 30_000;

/**
 * Checks that a Live model completes more runs than the daily quota of a REST model allows, and that a concurrency
 * slot is free again after its holder was killed.
 */
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

/** Runs a loop on a REST model with a daily quota, and one on a Live model. */
async function soakLoops(server: GeminiServer, folder: string): Promise<boolean> {
  enforceQuota(server, { windowMs: 60_000, window: 'sliding', rpd: requestsPerDay });
  printHeading('loop of runs', 'replies', 'exit code 75', 'other exit codes', 'time');
  let passed = true;
  for (const [model, expected] of [
    [restModel, requestsPerDay],
    [liveModel, runCount],
  ] as const) {
    const startedAt = performance.now();
    const codes: (number | null)[] = [];
    for (let run = 0; run < runCount; run += 1)
      codes.push((await startRun(['-m', model, '--rpm', '10000'], server, folder).result).code);
    const countCode = (wanted: number) => codes.filter((code) => code === wanted).length;
    const [replies, quotaFailures] = [countCode(0), countCode(75)];
    passed &&= replies === expected && replies + quotaFailures === runCount;
    const time = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    printRow(`${runCount} × ${model}`, replies, quotaFailures, runCount - replies - quotaFailures, time);
  }
  return passed;
}

/** Kills a process during its reply, while it holds the only slot. Measures how long a waiting process then takes. */
async function soakKilledHolder(server: GeminiServer, folder: string): Promise<boolean> {
  server.live.queueReplies(spokenReply(['never', ' heard'], { gate: createGate() }));
  const turnCount = server.live.sessions.flatMap(({ turns }) => turns).length;
  const flags = ['-m', liveModel, '--max-concurrent', '1', '-o', 'ndjson'];
  const holder = startRun(flags, server, folder);
  await server.live.waitForTurns(turnCount + 1);
  const waiting = startRun(flags, server, folder);
  await waiting.waitForOutput('"reason":"concurrency"');
  holder.child.kill('SIGKILL');
  const killedAt = performance.now();
  const { code } = await waiting.result;
  const elapsedMs = performance.now() - killedAt;
  printRow('slot of a process killed with -9', `next process: exit code ${code}`, `${(elapsedMs / 1000).toFixed(1)} s`);
  return code === 0 && elapsedMs < maxTakeoverMs;
}

function startRun(flags: string[], server: GeminiServer, folder: string): RunningProcess {
  return startBoticelli(['run', join(root, 'narratives/quick_test.toml'), '--no-fallback', ...flags], {
    ...{ server, cwd: folder },
    env: { HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
  });
}
