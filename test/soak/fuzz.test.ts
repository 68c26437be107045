import { expect, test, vi } from 'vitest';
import { fuzzTargets } from './fuzz.js';

// A short version of `npm run soak -- fuzz` with a fixed seed, so that the suite is deterministic.
test.each(Object.entries(fuzzTargets))(
  'damaged %s lead to a result or a clear error, and to no console.warn',
  async (_, { quickCases, check }) => {
    const warn = vi.spyOn(console, 'warn');
    await check({ numRuns: quickCases, seed: 20_261_122 });
    expect(warn).not.toHaveBeenCalled();
  },
);
