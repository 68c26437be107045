import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from './measure.js';
import type { PrintRow } from './print-row.js';
import type { ReservationTask, ReservationTimes } from './reservation-worker.js';
import { bundleScript, runWorkers } from './workers.js';

/** An appointment in a minute's book of so many requests: the free tier's, and a paid one's. */
const freeRpm = 15;
const paidRpm = 1000;
const processCount = 16;

/** Rows on what an appointment in SQLite costs, and on what the book's opening adds to loading libsql. */
export async function benchReservations(printRow: PrintRow): Promise<void> {
  const script = await bundleScript('appointment-worker');
  const measure = (processes: number, count: number, pauseMs = 0, rpm = freeRpm) =>
    // Two minutes' worth are on the page already: the last minute's, and one that is waited for.
    measureReservations(script, processes, { count, pauseMs, rpm, kept: Math.ceil((2 * rpm) / processes) });
  const printRows = (label: string, { bookingMs }: Pick<ReservationTimes, 'bookingMs'>, targets: [string, string]) => {
    printRow(`${label}, p50`, formatMs(quantile(bookingMs, 0.5)), '', '', targets[0]);
    printRow(`${label}, p99`, formatMs(quantile(bookingMs, 0.99)), '', '', targets[1]);
  };
  printRows('an appointment, alone', await measure(1, 2000), ['under 1 ms', '']);
  printRows(`an appointment, alone, ${paidRpm} a minute`, await measure(1, 500, 0, paidRpm), ['', '']);
  const withPauses = await measure(processCount, 100, 100);
  printRows(`an appointment, ${processCount} processes at once, each every 100 ms`, withPauses, ['', 'under 20 ms']);
  const withoutPauses = await measure(processCount, 100);
  printRows(`an appointment, ${processCount} processes without a pause`, withoutPauses, ['', '']);
  await benchOpening(printRow, script);
}

/** A process each, for the second opening in a process finds its code compiled. */
async function benchOpening(printRow: PrintRow, script: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-opening-'));
  const openings: number[] = [];
  for (let round = 0; round < 22; round += 1) {
    const [times] = await runWorkers<ReservationTimes>(script, [
      { folder, count: 0, pauseMs: 0, rpm: freeRpm, kept: 0 },
    ]);
    openings.push(times?.openingMs ?? Number.NaN);
  }
  rmSync(folder, { recursive: true });
  const [first = Number.NaN, ...later] = openings;
  printRow(
    'opening the book and a first appointment, libsql loaded',
    formatMs(quantile(later, 0.5)),
    '',
    '',
    'under 10 ms',
  );
  printRow('the same where the file is made', formatMs(first), '', '', '');
}

async function measureReservations(script: string, processes: number, assignment: Omit<ReservationTask, 'folder'>) {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-appointments-'));
  const tasks: ReservationTask[] = Array(processes).fill({ folder, ...assignment });
  const results = await runWorkers<ReservationTimes>(script, tasks);
  rmSync(folder, { recursive: true });
  return { bookingMs: results.flatMap(({ bookingMs }) => bookingMs) };
}

function formatMs(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
