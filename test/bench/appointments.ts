import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppointmentAssignment, AppointmentTimes } from './appointment-worker.js';
import { bundled, setToWork } from './crew.js';
import { quantile } from './measure.js';
import type { Say } from './say.js';

/** An appointment in a minute's book of so many requests: the free tier's, and a paid one's. */
const freeRpm = 15;
const paidRpm = 1000;
const atOnce = 16;

/** Rows on what an appointment in SQLite costs, and on what the book's opening adds to loading libsql. */
export async function appointments(say: Say): Promise<void> {
  const script = await bundled('appointment-worker');
  const times = (processes: number, count: number, pauseMs = 0, rpm = freeRpm) =>
    // Two minutes' worth are on the page already: the last minute's, and one that is waited for.
    timesOf(script, processes, { count, pauseMs, rpm, kept: Math.ceil((2 * rpm) / processes) });
  const row = (what: string, { bookingMs }: Pick<AppointmentTimes, 'bookingMs'>, aim: [string, string]) => {
    say(`${what}, p50`, ms(quantile(bookingMs, 0.5)), '', '', aim[0]);
    say(`${what}, p99`, ms(quantile(bookingMs, 0.99)), '', '', aim[1]);
  };
  row('an appointment, alone', await times(1, 2000), ['under 1 ms', '']);
  row(`an appointment, alone, ${paidRpm} a minute`, await times(1, 500, 0, paidRpm), ['', '']);
  const paused = await times(atOnce, 100, 100);
  row(`an appointment, ${atOnce} processes at once, each every 100 ms`, paused, ['', 'under 20 ms']);
  const pressed = await times(atOnce, 100);
  row(`an appointment, ${atOnce} processes without a pause`, pressed, ['', '']);
  await rowOfOpening(say, script);
}

/** A process each, for the second opening in a process finds its code compiled. */
async function rowOfOpening(say: Say, script: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-opening-'));
  const openings: number[] = [];
  for (let round = 0; round < 22; round += 1) {
    const [said] = await setToWork<AppointmentTimes>(script, [{ folder, count: 0, pauseMs: 0, rpm: freeRpm, kept: 0 }]);
    openings.push(said?.openingMs ?? Number.NaN);
  }
  rmSync(folder, { recursive: true });
  const [first = Number.NaN, ...later] = openings;
  say('opening the book and a first appointment, libsql loaded', ms(quantile(later, 0.5)), '', '', 'under 10 ms');
  say('the same where the file is made', ms(first), '', '', '');
}

async function timesOf(script: string, processes: number, assignment: Omit<AppointmentAssignment, 'folder'>) {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-appointments-'));
  const crew: AppointmentAssignment[] = Array(processes).fill({ folder, ...assignment });
  const said = await setToWork<AppointmentTimes>(script, crew);
  rmSync(folder, { recursive: true });
  return { bookingMs: said.flatMap(({ bookingMs }) => bookingMs) };
}

function ms(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
