import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { guardFor } from '../../src/quota/plan.js';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';
import { shareOfQuota } from '../helpers/quota-share.js';

/**
 * `npm run soak`: shell loops over the real bin, a process a request, against a server that allows 10 requests a 4 s
 * window. Run from the repository's root. Ends with 1 where a reply is missing or the server had to refuse.
 */
const windowMs = 4000;
const rpm = 10;
const settings = `[providers.gemini]\nrate_window_seconds = ${windowMs / 1000}\n[providers.gemini.tiers.free]\nrpm = ${rpm}\n`;
const command = `"${process.execPath}" "${resolve('bin/boticelli.js')}" run "${resolve('narratives/quick_test.toml')}"`;

const say = (...cells: string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
say('loops', 'window', 'replies', 'refused', 'wall', 'ideal', 'over it', 'quota used');
say('---', '---', '---', '---', '---', '---', '---', '---');

let failed = false;
for (const kind of ['sliding', 'fixed'] as const) {
  await soak({ loops: 1, runs: 50, kind });
  await soak({ loops: 8, runs: 10, kind });
}
process.exitCode = failed ? 1 : 0;

async function soak({ loops, runs, kind }: { loops: number; runs: number; kind: 'sliding' | 'fixed' }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-soak-'));
  writeFileSync(join(folder, 'boticelli.toml'), settings);
  const server = await startGeminiServer();
  const log = enforceQuota(server, { windowMs, kind, rpm });
  const startedAt = performance.now();
  const replies = await Promise.all(Array.from({ length: loops }, () => loop(runs, folder, server.url)));
  const wallMs = performance.now() - startedAt;
  await server.close();
  rmSync(folder, { recursive: true });

  const asked = loops * runs;
  const got = replies.reduce((sum, count) => sum + count, 0);
  const refused = log.refused().length;
  // The first window's requests go at once, and each further window's as soon as it begins.
  const idealMs = (asked / rpm - 1) * windowMs;
  const share = shareOfQuota(log.accepted(), rpm, windowMs + guardFor(windowMs, 1));
  failed ||= got < asked || refused > 0;
  say(
    ...[`${loops} × ${runs}`, kind, `${got} of ${asked}`, String(refused), seconds(wallMs), seconds(idealMs)],
    ...[`${((wallMs / idealMs - 1) * 100).toFixed(1)}%`, `${(share * 100).toFixed(1)}%`],
  );
}

/** One loop of a shell. Resolves to how many replies it printed. */
function loop(runs: number, folder: string, baseUrl: string): Promise<number> {
  const script = `for i in $(seq ${runs}); do ${command}; done`;
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
      ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: baseUrl },
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((done) => child.on('close', () => done(said.match(/^Reply /gm)?.length ?? 0)));
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
