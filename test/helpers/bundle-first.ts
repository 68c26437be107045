import { execSync } from 'node:child_process';

/** The tests that drive the real bin must drive this very source: bundled anew before every test run. */
export default function bundleFirst(): void {
  execSync('npm run --silent bundle', { stdio: 'inherit' });
}
