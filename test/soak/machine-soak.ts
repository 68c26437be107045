import { printHeading, printRow } from '../bench/measure.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { cellNames, formatCells, runLoops } from './shell-loops.js';

/**
 * Runs shell loops of `boticelli run` on one machine. Resolves to whether every request got a reply and none was
 * rejected.
 */
export async function soakQuota(): Promise<boolean> {
  printHeading('loops', 'window', ...cellNames);
  let passed = true;
  for (const serverWindow of ['sliding', 'fixed'] as const) {
    for (const { loops, runs } of [
      { loops: 1, runs: 50 },
      { loops: 8, runs: 10 },
    ]) {
      const result = await runLoops({ loops, runs, serverWindow });
      passed &&= result.replies === result.requests && result.rejected === 0;
      printRow(`${loops} × ${runs}`, serverWindow, ...formatCells(result));
    }
  }
  return passed;
}

/**
 * Runs 100 rows on one machine, and in four shards on four machines that share a Redis. Each machine runs eight rows at
 * a time. Resolves to whether every row got a reply, the server never rejected a request, and at least 95% of the quota
 * was used.
 */
export async function soakRowQuota(): Promise<boolean> {
  printHeading('rows', 'machines', 'window', ...cellNames);
  let passed = true;
  for (const machines of [1, 4]) {
    for (const serverWindow of ['sliding', 'fixed'] as const) {
      const cleanups: (() => void | Promise<void>)[] = [];
      const shared =
        machines === 1 ? {} : { redisUrl: (await startRedisServer((clean) => void cleanups.push(clean))).url };
      const result = await runLoops({
        loops: machines,
        serverWindow,
        machines,
        rows: 100,
        ...shared,
      });
      for (const clean of cleanups) await clean();
      passed &&= result.replies === 100 && result.rejected === 0 && result.quotaUse >= 0.95;
      printRow('100, eight at a time on each machine', String(machines), serverWindow, ...formatCells(result));
    }
  }
  return passed;
}
