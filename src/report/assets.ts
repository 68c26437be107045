import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findLazyFile } from '../util/run-in-worker.js';

/** The style and the script of the page. */
export interface PageAssets {
  style: string;
  script: string;
  /** The Content-Security-Policy of a page with this style and script. */
  policy: string;
}

/** Reads the style and the script, which the build has bundled from `client/`. */
export function readPageAssets(): PageAssets {
  const style = readFileSync(findLazyFile('report.css'), 'utf8').trim();
  const script = readFileSync(findLazyFile('report-client.js'), 'utf8').trim();
  return { style, script, policy: createPolicy(style, script) };
}

/**
 * Creates a policy that allows the page's own style and script, and the media that the page contains. It blocks
 * everything else, so the page can't send any request.
 */
function createPolicy(style: string, script: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    'img-src data:',
    'media-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
