import { execSync } from 'node:child_process';
import { redisSkipReason } from './redis-server.js';

/** The tests that drive the real bin must drive this very source: bundled anew before every test run. */
export default function bundleBeforeTests(): void {
  if (redisSkipReason !== undefined) process.stderr.write(`Tests of a shared quota are left out: ${redisSkipReason}\n`);
  execSync('npx tsx src/build/build.ts', { stdio: 'inherit' });
}
