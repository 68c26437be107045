import { setTimeout as delay } from 'node:timers/promises';
import { startRedisServer } from '../helpers/redis-server.js';
import { cellNames, formatCells, type LoopResult, printRow, runLoops } from './shell-loops.js';

/**
 * Eight loops of ten on four machines that share a Redis, which in half of the rounds is killed, without a trace of its
 * memory, and started again two seconds later. Resolves to whether no reply is missing, and, where Redis lives on, the
 * server never had to refuse and it took no more than 15% over the ideal.
 */
export async function soakRedis(): Promise<boolean> {
  printRow('loops', 'machines', 'Redis', 'window', ...cellNames, 'warnings');
  printRow(...['---', '---', '---', '---', ...cellNames, '---'].map(() => '---'));
  let passed = true;
  for (const kind of ['sliding', 'fixed'] as const) {
    for (const isKilled of [false, true]) {
      const result = await runRound(kind, isKilled);
      passed &&= result.replies === result.requests;
      if (!isKilled) passed &&= result.rejected === 0 && result.wallMs <= result.idealMs * 1.15;
      const redis = isKilled ? 'killed, and back after 2 s' : 'there';
      printRow('8 × 10', '4', redis, kind, ...formatCells(result), String(result.warnings.length));
      for (const warning of new Set(result.warnings)) process.stderr.write(`${warning}\n`);
    }
  }
  return passed;
}

async function runRound(kind: 'sliding' | 'fixed', isKilled: boolean): Promise<LoopResult> {
  const cleanups: (() => void | Promise<void>)[] = [];
  const onCleanup = (clean: () => void | Promise<void>) => void cleanups.push(clean);
  const { port, url, kill } = await startRedisServer(onCleanup);
  const killAndStartAgain = async () => {
    await kill();
    await delay(2000);
    await startRedisServer(onCleanup, { port });
  };
  const result = await runLoops({
    ...{ loops: 8, runs: 10, machines: 4, kind, redisUrl: url },
    ...(isKilled && { onReplies: { count: 25, act: () => void killAndStartAgain() } }),
  });
  for (const clean of cleanups) await clean();
  return result;
}
