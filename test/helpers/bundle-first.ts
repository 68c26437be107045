import { execSync } from 'node:child_process';
import { withoutRedis } from './redis-server.js';

/** The tests that drive the real bin must drive this very source: bundled anew before every test run. */
export default function bundleFirst(): void {
  if (withoutRedis !== undefined) process.stderr.write(`Tests of a shared quota are left out: ${withoutRedis}\n`);
  execSync('npx tsx src/build/build.ts', { stdio: 'inherit' });
}
