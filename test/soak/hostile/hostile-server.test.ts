import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Delivery, RequestKind } from './cases.js';
import { createHostileRunner } from './check-case.js';
import { createHostileProperty } from './hostile-server.js';

// A short version of `npm run soak -- hostile-server` with a fixed seed. The soak also starts real processes and
// checks their peak memory.
test('the program ends with a reply or a clear error, whatever a server answers', async () => {
  const runner = await createHostileRunner();
  onTestFinished(() => runner.close());
  await fc.assert(createHostileProperty(runner, { usesBin: false }), {
    numRuns: 40,
    seed: 20_261_130,
    endOnFailure: true,
  });
});

const kinds: RequestKind[] = ['text', 'text-stream', 'live', 'download', 'upload', 'list'];
const deliveries: Delivery[] = ['close', 'bogus-upgrade', 'garbage', 'half-close', 'half-reset'];

test.each(kinds.flatMap((kind) => deliveries.map((delivery) => [kind, delivery] as const)))(
  'the program ends with a reply or a clear error if the answer is incomplete or not HTTP (request: %s, delivery: %s)',
  async (kind, delivery) => {
    const runner = await createHostileRunner();
    onTestFinished(() => runner.close());
    const body = '{"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}';
    const answer = { kind, delivery, status: 200, headers: {}, body };
    expect(await runner.findProblem(answer, { usesBin: false })).toBeUndefined();
  },
);
