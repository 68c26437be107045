import fc from 'fast-check';
import { printHeading, printRow } from '../bench/measure.js';
import { createAnswerProperty } from './fuzz-answers.js';
import { createLiveFrameProperty } from './fuzz-live.js';
import { createLiveMessageProperty } from './fuzz-live-messages.js';
import { narrativeProperty } from './fuzz-narratives.js';
import { createSseHttpProperty, sseBodyProperty, withServer } from './fuzz-sse.js';

type Check = (parameters: fc.Parameters<unknown>) => Promise<void>;

/** The fuzzed inputs, with the number of cases in the soak and in the test suite. */
export const fuzzTargets: Record<string, { cases: number; quickCases: number; check: Check }> = {
  narratives: {
    cases: 20_000,
    quickCases: 150,
    check: (parameters) => fc.assert(narrativeProperty, parameters as never),
  },
  'stream bodies': {
    cases: 50_000,
    quickCases: 300,
    check: (parameters) => fc.assert(sseBodyProperty, parameters as never),
  },
  'streams over HTTP': {
    cases: 2000,
    quickCases: 20,
    check: (parameters) => withServer((server) => fc.assert(createSseHttpProperty(server), parameters as never)),
  },
  answers: {
    cases: 16_000,
    quickCases: 120,
    check: (parameters) => withServer((server) => fc.assert(createAnswerProperty(server), parameters as never)),
  },
  'Live turns with changed messages': {
    cases: 10_000,
    quickCases: 150,
    check: (parameters) => withServer((server) => fc.assert(createLiveMessageProperty(server), parameters as never)),
  },
  'Live replies with garbage or cut frames': {
    cases: 2000,
    quickCases: 20,
    check: (parameters) => withServer((server) => fc.assert(createLiveFrameProperty(server), parameters as never)),
  },
};

/** `npm run soak -- fuzz`: resolves to true if no case failed. Prints a failure with the seed that reproduces it. */
export async function soakFuzz(): Promise<boolean> {
  let passed = true;
  printHeading('input', 'cases', 'time', 'failures');
  for (const [name, { cases, check }] of Object.entries(fuzzTargets)) {
    const startedAt = performance.now();
    let failures = 'none';
    try {
      await check({ numRuns: cases });
    } catch (thrown) {
      passed = false;
      failures = 'see below';
      process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    }
    printRow(name, cases, `${((performance.now() - startedAt) / 1000).toFixed(0)} s`, failures);
  }
  return passed;
}
