import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian and macOS install Chromium. The variable `CHROMIUM` names a program elsewhere. */
const candidates = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const chromiumPath = candidates.find((path) => path !== '' && existsSync(path));

/**
 * Why tests that need a browser are skipped; undefined if Chromium is installed. With `CI` set they are not skipped but
 * fail, because `.ci/run` installs Chromium.
 */
export const chromiumSkipReason: string | undefined =
  chromiumPath !== undefined || process.env.CI
    ? undefined
    : 'Chromium is not installed (Debian: apt-get install chromium)';

/**
 * Starts Chromium without a window. The sandbox is off, because root can't start Chromium with it. That is safe,
 * because the tests open only their own pages.
 */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath ?? 'chromium', args: ['--no-sandbox'] });
}
