import { expect, test } from 'vitest';
import { faultsOf, playActs } from './acts.js';

// A short seed of `npm run soak -- acts`.
test.each([false, true])(
  'sixty acts in one process (streamed: %s) leave no socket and no listener',
  async (streaming) => {
    const played = await playActs({ acts: 60, streaming, samples: 4 });
    expect(faultsOf(played, 60)).toEqual([]);
    expect(played.connections).toBeLessThanOrEqual(2);
    expect(played.samples).toHaveLength(4);
  },
);
