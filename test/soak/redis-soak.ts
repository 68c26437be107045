import { setTimeout as delay } from 'node:timers/promises';
import { printHeading, printRow } from '../bench/measure.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { cellNames, formatCells, type LoopResult, runLoops } from './shell-loops.js';

/**
 * Runs eight loops on four machines that share a Redis. In half of the rounds Redis is killed, loses its data, and starts
 * again two seconds later. Resolves to whether every request got a reply and, in rounds without a kill, the server rejected
 * no request and the loops took at most 15% more than the ideal time.
 */
export async function soakRedis(): Promise<boolean> {
  printHeading('loops', 'machines', 'Redis', 'window', ...cellNames, 'warnings');
  let passed = true;
  for (const serverWindow of ['sliding', 'fixed'] as const) {
    for (const isKilled of [false, true]) {
      const result = await runRound(serverWindow, isKilled);
      passed &&= result.replies === result.requests;
      if (!isKilled) passed &&= result.rejected === 0 && result.wallMs <= result.idealMs * 1.15;
      const redis = isKilled ? 'killed, back after 2 s' : 'available';
      printRow('8 × 10', '4', redis, serverWindow, ...formatCells(result), result.warnings.length);
      for (const warning of new Set(result.warnings)) process.stderr.write(`${warning}\n`);
    }
  }
  return passed;
}

async function runRound(serverWindow: 'sliding' | 'fixed', isKilled: boolean): Promise<LoopResult> {
  const cleanups: (() => void | Promise<void>)[] = [];
  const onCleanup = (clean: () => void | Promise<void>) => void cleanups.push(clean);
  const { port, url, kill } = await startRedisServer(onCleanup);
  const killAndStartAgain = async () => {
    await kill();
    await delay(2000);
    await startRedisServer(onCleanup, { port });
  };
  const result = await runLoops({
    ...{ loops: 8, runs: 10, machines: 4, serverWindow, redisUrl: url },
    ...(isKilled && { onAccepted: { count: 25, callback: () => void killAndStartAgain() } }),
  });
  for (const clean of cleanups) await clean();
  return result;
}
