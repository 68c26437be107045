import { expect, test, vi } from 'vitest';
import { fuzzTargets } from './fuzz.js';

// Short seeds of `npm run soak -- fuzz`: the same cases each time, so that the suite fails for a reason of today.
test.each(Object.entries(fuzzTargets))('%s survive whatever comes', async (_, { quickCases, check }) => {
  const warn = vi.spyOn(console, 'warn');
  await check({ numRuns: quickCases, seed: 20_261_122 });
  expect(warn).not.toHaveBeenCalled();
});
