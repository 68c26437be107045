import { expect, test } from 'vitest';
import { findProblems, runActs } from './acts.js';

// A short version of `npm run soak -- acts`.
test.each([false, true])(
  'a run of sixty acts (streamed: %s) completes, opens at most two connections, and leaves no socket or listener',
  async (streaming) => {
    const result = await runActs({ acts: 60, streaming, measuredSectionCount: 4 });
    expect(findProblems(result, 60)).toEqual([]);
    expect(result.connections).toBeLessThanOrEqual(2);
    expect(result.measuredSections).toHaveLength(4);
  },
);
