import fc from 'fast-check';
import { liveFrames } from './fuzz-live.js';
import { anyNarrative } from './fuzz-narratives.js';
import { sseBodies, sseOverHttp, withServer } from './fuzz-sse.js';
import { say } from './loops.js';

type Check = (parameters: fc.Parameters<unknown>) => Promise<void>;

/** What is fuzzed: how many cases a soak takes, and the seed of them that the suite does. */
export const fuzzed: Record<string, { cases: number; seed: number; check: Check }> = {
  narratives: { cases: 20_000, seed: 150, check: (of) => fc.assert(anyNarrative, of as never) },
  'bodies of streams': { cases: 50_000, seed: 300, check: (of) => fc.assert(sseBodies, of as never) },
  'streams over HTTP': {
    cases: 2000,
    seed: 20,
    check: (of) => withServer((server) => fc.assert(sseOverHttp(server), of as never)),
  },
  'frames of the Live API': {
    cases: 2000,
    seed: 20,
    check: (of) => withServer((server) => fc.assert(liveFrames(server), of as never)),
  },
};

/** `npm run soak -- fuzz`: resolves to whether nothing was found. A finding is told with the seed that shows it again. */
export async function soakFuzz(): Promise<boolean> {
  let isKept = true;
  say('fuzzed', 'cases', 'wall', 'found');
  say('---', '---', '---', '---');
  for (const [name, { cases, check }] of Object.entries(fuzzed)) {
    const startedAt = performance.now();
    let found = 'nothing';
    try {
      await check({ numRuns: cases });
    } catch (thrown) {
      isKept = false;
      found = 'see below';
      process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    }
    say(name, String(cases), `${((performance.now() - startedAt) / 1000).toFixed(0)} s`, found);
  }
  return isKept;
}
