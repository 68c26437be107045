import { redisSkipReason, startRedisServer } from '../helpers/redis-server.js';
import { quantile } from './measure.js';
import type { PrintRow } from './print-row.js';
import type { ReservationTask, ReservationTimes } from './reservation-worker.js';
import { bundleScript, runWorkers } from './workers.js';

const processCount = 16;

/**
 * Rows on what an appointment in Redis costs over loopback, each on a server of its own, and what `more` says of another one.
 */
export async function benchRedisReservations(
  printRow: PrintRow,
  benchWithRedis: (redisUrl: string) => Promise<void>,
): Promise<void> {
  if (redisSkipReason !== undefined) return printRow(redisSkipReason, '', '', '', '');
  const script = await bundleScript('appointment-worker');
  const printRows = async (label: string, processes: number, task: { count: number; pauseMs: number; rpm: number }) => {
    const results = await withRedisServer((redisUrl) => {
      const kept = Math.ceil((2 * task.rpm) / processes);
      const tasks: ReservationTask[] = Array(processes).fill({ ...task, folder: '', redisUrl, kept });
      return runWorkers<ReservationTimes>(script, tasks);
    });
    const times = results.flatMap(({ bookingMs }) => bookingMs);
    printRow(`an appointment in Redis, ${label}, p50`, formatMs(quantile(times, 0.5)), '', '', '');
    printRow(`an appointment in Redis, ${label}, p99`, formatMs(quantile(times, 0.99)), '', '', '');
  };
  await printRows('alone', 1, { count: 2000, pauseMs: 0, rpm: 15 });
  await printRows('alone, 1000 a minute', 1, { count: 300, pauseMs: 0, rpm: 1000 });
  await printRows(`${processCount} processes at once, each every 100 ms`, processCount, {
    count: 100,
    pauseMs: 100,
    rpm: 15,
  });
  await printRows(`${processCount} processes without a pause`, processCount, { count: 100, pauseMs: 0, rpm: 15 });
  await withRedisServer(benchWithRedis);
}

async function withRedisServer<Result>(work: (redisUrl: string) => Promise<Result>): Promise<Result> {
  const cleanups: (() => void | Promise<void>)[] = [];
  const { url } = await startRedisServer((clean) => void cleanups.push(clean));
  try {
    return await work(url);
  } finally {
    for (const clean of cleanups) await clean();
  }
}

function formatMs(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
