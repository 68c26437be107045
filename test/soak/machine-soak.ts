import { cellNames, formatCells, printRow, runLoops } from './shell-loops.js';

/** Loops on one machine. Resolves to whether no reply is missing and the server never had to refuse. */
export async function soakMachine(): Promise<boolean> {
  printRow('loops', 'window', ...cellNames);
  printRow(...['---', '---', ...cellNames].map(() => '---'));
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
