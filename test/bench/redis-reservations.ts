import { redisSkipReason, startRedisServer } from '../helpers/redis-server.js';
import { formatMs, printRow, quantile } from './measure.js';
import type { ReservationTask, ReservationTimes } from './reservation-worker.js';
import { bundleScript, runWorkers } from './workers.js';

const processCount = 16;

/**
 * Measures reservations in Redis over loopback, with a new Redis server for each pair of table rows (p50 and p99).
 * @param benchWithRedis a further measurement, with another new Redis server
 */
export async function benchRedisReservations(benchWithRedis: (redisUrl: string) => Promise<void>): Promise<void> {
  if (redisSkipReason !== undefined) return printRow(redisSkipReason, '', '', '', '');
  const script = await bundleScript('reservation-worker');
  const printRows = async (label: string, processes: number, task: { count: number; pauseMs: number; rpm: number }) => {
    const results = await withRedisServer((redisUrl) => {
      // As in real use, the store has two minutes of reservations: of the last minute, and of waiting requests.
      const prefillCount = Math.ceil((2 * task.rpm) / processes);
      const tasks: ReservationTask[] = Array(processes).fill({ ...task, folder: '', redisUrl, prefillCount });
      return runWorkers<ReservationTimes>(script, tasks);
    });
    const times = results.flatMap(({ reservationMs }) => reservationMs);
    printRow(`a reservation in Redis, ${label}, p50`, formatMs(quantile(times, 0.5)), '', '', '');
    printRow(`a reservation in Redis, ${label}, p99`, formatMs(quantile(times, 0.99)), '', '', '');
  };
  await printRows('alone', 1, { count: 2000, pauseMs: 0, rpm: 15 });
  await printRows('alone, limit of 1000 requests per minute', 1, { count: 300, pauseMs: 0, rpm: 1000 });
  await printRows(`${processCount} processes, each every 100 ms`, processCount, {
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
