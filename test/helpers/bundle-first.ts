import { execFileSync } from 'node:child_process';
import { chromiumSkipReason } from './chromium.js';
import { redisSkipReason } from './redis-server.js';

/** Bundles the program before each test run, so that tests of the real bin test the current source. */
export default function bundleBeforeTests(): void {
  if (chromiumSkipReason !== undefined)
    process.stderr.write(`Tests of the page of a run are skipped: ${chromiumSkipReason}\n`);
  if (redisSkipReason !== undefined) process.stderr.write(`Tests of a shared quota are skipped: ${redisSkipReason}\n`);
  execFileSync(process.execPath, ['--import', 'tsx', 'src/build/build.ts'], { stdio: 'inherit' });
}
