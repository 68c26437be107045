import { startRedisServer, withoutRedis } from '../helpers/redis-server.js';
import type { AppointmentAssignment, AppointmentTimes } from './appointment-worker.js';
import { bundled, setToWork } from './crew.js';
import { quantile } from './measure.js';
import type { Say } from './say.js';

const atOnce = 16;

/**
 * Rows on what an appointment in Redis costs over loopback, each on a server of its own, and what `more` says of another one.
 */
export async function redisAppointments(say: Say, more: (redisUrl: string) => Promise<void>): Promise<void> {
  if (withoutRedis !== undefined) return say(withoutRedis, '', '', '', '');
  const script = await bundled('appointment-worker');
  const row = async (what: string, processes: number, assignment: { count: number; pauseMs: number; rpm: number }) => {
    const said = await withServer((redisUrl) => {
      const kept = Math.ceil((2 * assignment.rpm) / processes);
      const crew: AppointmentAssignment[] = Array(processes).fill({ ...assignment, folder: '', redisUrl, kept });
      return setToWork<AppointmentTimes>(script, crew);
    });
    const times = said.flatMap(({ bookingMs }) => bookingMs);
    say(`an appointment in Redis, ${what}, p50`, ms(quantile(times, 0.5)), '', '', '');
    say(`an appointment in Redis, ${what}, p99`, ms(quantile(times, 0.99)), '', '', '');
  };
  await row('alone', 1, { count: 2000, pauseMs: 0, rpm: 15 });
  await row('alone, 1000 a minute', 1, { count: 300, pauseMs: 0, rpm: 1000 });
  await row(`${atOnce} processes at once, each every 100 ms`, atOnce, { count: 100, pauseMs: 100, rpm: 15 });
  await row(`${atOnce} processes without a pause`, atOnce, { count: 100, pauseMs: 0, rpm: 15 });
  await withServer(more);
}

async function withServer<Result>(work: (redisUrl: string) => Promise<Result>): Promise<Result> {
  const cleaning: (() => void | Promise<void>)[] = [];
  const { url } = await startRedisServer((clean) => void cleaning.push(clean));
  try {
    return await work(url);
  } finally {
    for (const clean of cleaning) await clean();
  }
}

function ms(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
