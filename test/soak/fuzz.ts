import fc from 'fast-check';
import { createLiveProperty } from './fuzz-live.js';
import { narrativeProperty } from './fuzz-narratives.js';
import { createSseHttpProperty, sseBodyProperty, withServer } from './fuzz-sse.js';
import { printRow } from './shell-loops.js';

type Check = (parameters: fc.Parameters<unknown>) => Promise<void>;

/** What is fuzzed: how many cases a soak takes, and the seed of them that the suite does. */
export const fuzzTargets: Record<string, { cases: number; quickCases: number; check: Check }> = {
  narratives: { cases: 20_000, quickCases: 150, check: (of) => fc.assert(narrativeProperty, of as never) },
  'bodies of streams': { cases: 50_000, quickCases: 300, check: (of) => fc.assert(sseBodyProperty, of as never) },
  'streams over HTTP': {
    cases: 2000,
    quickCases: 20,
    check: (of) => withServer((server) => fc.assert(createSseHttpProperty(server), of as never)),
  },
  'frames of the Live API': {
    cases: 2000,
    quickCases: 20,
    check: (of) => withServer((server) => fc.assert(createLiveProperty(server), of as never)),
  },
};

/** `npm run soak -- fuzz`: resolves to whether nothing was found. A finding is told with the seed that shows it again. */
export async function soakFuzz(): Promise<boolean> {
  let passed = true;
  printRow('fuzzed', 'cases', 'wall', 'found');
  printRow('---', '---', '---', '---');
  for (const [name, { cases, check }] of Object.entries(fuzzTargets)) {
    const startedAt = performance.now();
    let finding = 'nothing';
    try {
      await check({ numRuns: cases });
    } catch (thrown) {
      passed = false;
      finding = 'see below';
      process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    }
    printRow(name, String(cases), `${((performance.now() - startedAt) / 1000).toFixed(0)} s`, finding);
  }
  return passed;
}
