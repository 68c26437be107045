import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian and macOS install Chromium. `CHROMIUM` names another one. */
const candidates = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const chromiumPath = candidates.find((path) => path !== '' && existsSync(path));

/**
 * Why tests that need a browser are skipped; undefined if there is one. With `CI` set they are not skipped but fail:
 * `.ci/run` installs it.
 */
export const chromiumSkipReason: string | undefined =
  chromiumPath !== undefined || process.env.CI
    ? undefined
    : 'Chromium is not installed (Debian: apt-get install chromium)';

/** Starts Chromium without a window. Its sandbox does not start as root, and the tests open only their own pages. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath ?? 'chromium', args: ['--no-sandbox'] });
}
