import { execFileSync } from 'node:child_process';
import { chromiumSkipReason } from './chromium.js';
import { redisSkipReason } from './redis-server.js';

/**
 * Runs before all tests. Reports the tests that will be skipped, and bundles the program, so that tests of the real bin
 * test the current source.
 */
export default function bundleBeforeTests(): void {
  if (chromiumSkipReason !== undefined)
    process.stderr.write(`Tests of the page of a run are skipped: ${chromiumSkipReason}\n`);
  if (redisSkipReason !== undefined) process.stderr.write(`Tests of a shared quota are skipped: ${redisSkipReason}\n`);
  execFileSync(process.execPath, ['--import', 'tsx', 'src/build/build.ts'], { stdio: 'inherit' });
}
