import fc from 'fast-check';
import { printHeading, printRow } from '../../bench/measure.js';
import { hostileAnswers } from './cases.js';
import { createHostileRunner, type HostileRunner } from './check-case.js';

/** Creates the property that the program ends in time, with a reply or a clear error, whatever the answer. */
export function createHostileProperty(runner: HostileRunner, { usesBin }: { usesBin: boolean }) {
  return fc.asyncProperty(hostileAnswers, async (answer) => {
    const problem = await runner.findProblem(answer, { usesBin });
    if (problem !== undefined) throw new Error(problem);
  });
}

/**
 * `npm run soak -- hostile-server`: 4,500 answers in this process and 500 through the bin. `SOAK_CASES` sets another
 * total. Resolves to true if no case failed. A failure is printed with the seed that reproduces it.
 */
export async function soakHostileServer(): Promise<boolean> {
  const total = Number(process.env.SOAK_CASES ?? 5000);
  const runner = await createHostileRunner();
  let passed = true;
  printHeading('answers of a hostile server', 'cases', 'time', 'peak memory of this process', 'exit codes', 'failures');
  for (const [name, usesBin, share] of [
    ['in process', false, 0.9],
    ['through the bin', true, 0.1],
  ] as const) {
    const numRuns = Math.ceil(total * share);
    const startedAt = performance.now();
    const outcome = await fc.check(createHostileProperty(runner, { usesBin }), { numRuns, endOnFailure: true });
    if (outcome.failed) {
      passed = false;
      const { errorInstance, counterexample, seed, counterexamplePath } = outcome;
      const answer = counterexample?.map(({ body, ...rest }) => ({ ...rest, body: body.slice(0, 500) }));
      process.stderr.write(`seed ${seed}, path ${counterexamplePath}: ${JSON.stringify(answer)}\n${errorInstance}\n`);
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    const peak = `${Math.round(process.resourceUsage().maxRSS / 1000)} MB`;
    printRow(
      name,
      outcome.numRuns,
      `${seconds} s`,
      peak,
      runner.takeExitCodes(),
      outcome.failed ? 'see above' : 'none',
    );
  }
  await runner.close();
  return passed;
}
