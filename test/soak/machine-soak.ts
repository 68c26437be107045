import { printHeading, printRow } from '../bench/measure.js';
import { cellNames, formatCells, runLoops } from './shell-loops.js';

/** Runs loops on one machine. Resolves to whether every request got a reply and the server never rejected one. */
export async function soakMachine(): Promise<boolean> {
  printHeading('loops', 'window', ...cellNames);
  let passed = true;
  for (const kind of ['sliding', 'fixed'] as const) {
    for (const { loops, runs } of [
      { loops: 1, runs: 50 },
      { loops: 8, runs: 10 },
    ]) {
      const result = await runLoops({ loops, runs, kind });
      passed &&= result.replies === result.requests && result.rejected === 0;
      printRow(`${loops} × ${runs}`, kind, ...formatCells(result));
    }
  }
  return passed;
}
