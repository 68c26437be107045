import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMs, printRow, quantile } from './measure.js';
import type { ReservationTask, ReservationTimes } from './reservation-worker.js';
import { bundleScript, runWorkers } from './workers.js';

/** The highest limit of a model on the free tier, in requests per minute (gemini-3.1-flash-lite, 2026). */
const freeRpm = 15;
/** Requests per minute of a paid tier. */
const paidRpm = 1000;
const processCount = 16;

/** Measures reservations in SQLite, and the time to open the database. Loading libsql is not measured. */
export async function benchReservations(): Promise<void> {
  const script = await bundleScript('reservation-worker');
  const measure = (processes: number, count: number, pauseMs = 0, rpm = freeRpm) =>
    // The store already has two minutes of reservations: those of the last minute, and those of waiting requests.
    measureReservations(script, processes, { count, pauseMs, rpm, prefillCount: Math.ceil((2 * rpm) / processes) });
  const printRows = (
    label: string,
    { reservationMs }: Pick<ReservationTimes, 'reservationMs'>,
    targets: [string, string],
  ) => {
    printRow(`${label}, p50`, formatMs(quantile(reservationMs, 0.5)), '', '', targets[0]);
    printRow(`${label}, p99`, formatMs(quantile(reservationMs, 0.99)), '', '', targets[1]);
  };
  printRows('a reservation, alone', await measure(1, 2000), ['under 1 ms', '']);
  printRows(`a reservation, alone, ${paidRpm} per minute`, await measure(1, 500, 0, paidRpm), ['', '']);
  const withPauses = await measure(processCount, 100, 100);
  printRows(`a reservation, ${processCount} processes, each every 100 ms`, withPauses, ['', 'under 20 ms']);
  const withoutPauses = await measure(processCount, 100);
  printRows(`a reservation, ${processCount} processes without a pause`, withoutPauses, ['', '']);
  await benchOpening(script);
}

/**
 * Measures opening the database and making a first reservation. The worker makes this reservation even if `count` is 0.
 * Each measurement takes a new process, because a process opens a database faster the second time.
 */
async function benchOpening(script: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-opening-'));
  const openings: number[] = [];
  for (let round = 0; round < 22; round += 1) {
    const [times] = await runWorkers<ReservationTimes>(script, [
      { folder, count: 0, pauseMs: 0, rpm: freeRpm, prefillCount: 0 },
    ]);
    openings.push(times?.openingMs ?? Number.NaN);
  }
  rmSync(folder, { recursive: true });
  const [first = Number.NaN, ...later] = openings;
  const label = 'opening the database and making a first reservation, libsql loaded';
  printRow(label, formatMs(quantile(later, 0.5)), '', '', 'under 10 ms');
  printRow('creating the database and making a first reservation, libsql loaded', formatMs(first), '', '', '');
}

async function measureReservations(script: string, processes: number, task: Omit<ReservationTask, 'folder'>) {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-reservations-'));
  const tasks: ReservationTask[] = Array(processes).fill({ folder, ...task });
  const results = await runWorkers<ReservationTimes>(script, tasks);
  rmSync(folder, { recursive: true });
  return { reservationMs: results.flatMap(({ reservationMs }) => reservationMs) };
}
