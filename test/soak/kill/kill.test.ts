import { expect, onTestFinished, test } from 'vitest';
import { killAndResume, sumCounts } from './kill-soak.js';
import { createSmallDisk } from './small-disk.js';

const disk = createSmallDisk();
const { mountProblem } = disk;

// A short version of `npm run soak -- kill` with a fixed seed. The times at which processes are killed still vary.
test('runs that are killed at any moment, also on a full disk, are resumed without requesting a stored reply again', async () => {
  onTestFinished(disk.close);
  const results = await killAndResume(3, 20_261_130, disk);
  expect(results.flatMap(({ problems }) => problems)).toEqual([]);
  expect(sumCounts(results).repliesStoredAtKills).toBeGreaterThan(0);
  if (mountProblem === undefined) expect(sumCounts(results).fills).toBeGreaterThan(0);
});

if (mountProblem !== undefined) test.skip(`a full disk: ${mountProblem}`);
