import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey, createTemporaryFolder, root, startShell } from '../helpers/boticelli.js';
import { realisticModels } from '../helpers/gemini/models.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { documentationPages, readPage } from './markdown.js';

/** The shell blocks of all pages, without the npm commands, which run these tests or install something. */
const scripts = documentationPages.flatMap((page) =>
  readPage(page)
    .blocks.filter(({ language }) => language === 'sh')
    .map(({ code }) => code.replaceAll(/^npm ci && (?!npm)/gm, '').replaceAll(/^npm .*\n/gm, ''))
    .filter((script) => script.trim() !== '')
    .map((script) => ({ page, script, needsKey: needsKey(script) })),
);

/** The script that lists the models. It is tested separately, because it needs curl; all others need only Node. */
const listScript = scripts.find(({ script }) => script.includes('nextPageToken'));
const hasCurl = spawnSync('curl', ['--version']).status === 0;

function needsKey(script: string): boolean {
  const runs = script.split('\n').filter((line) => /boticelli (run|models|limits probe)/.test(line));
  return script.includes('GEMINI_API_KEY') || runs.some((line) => !line.includes('--rehearse'));
}

/**
 * Creates a folder with a copy of the narratives, and a script in which `npx boticelli` starts the program under test.
 */
function createClone(script: string) {
  const folder = createTemporaryFolder(onTestFinished);
  cpSync(join(root, 'narratives'), join(folder, 'narratives'), { recursive: true });
  return { script: `set -euo pipefail\nnpx() { shift; boticelli "$@"; }\n${script}`, folder };
}

describe('a shell block of the documentation', () => {
  test.each(scripts.filter(({ needsKey }) => !needsKey))('works without key or network: $script', async (block) => {
    const { script, folder } = createClone(block.script);
    const { code, stderr } = await startShell(script, { cwd: folder }).result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('boticelli:') });
  });

  test.each(scripts.filter((block) => block.needsKey && block !== listScript))(
    'works with a key: $script',
    async (block) => {
      const server = await startGeminiServer();
      onTestFinished(() => server.close());
      const { script, folder } = createClone(
        block.script.replaceAll('https://generativelanguage.googleapis.com', server.url),
      );
      // On the free tier the program guesses a limit of five requests a minute, so the script would take minutes.
      const { code, stdout, stderr } = await startShell(script, { cwd: folder, server, env: { GEMINI_TIER: 'tier_1' } })
        .result;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('boticelli:') });
      expect(stdout).not.toBe('');
      expect(server.requests.length).toBeGreaterThan(0);
    },
  );

  test.skipIf(!hasCurl)(
    'with curl follows `nextPageToken`: it lists all models, also Live models, and sends the key only in a header',
    async () => {
      const server = await startGeminiServer();
      onTestFinished(() => server.close());
      const script = listScript?.script.replace('https://generativelanguage.googleapis.com', server.url) ?? '';
      const { stdout } = await startShell(script, { server }).result;
      expect(stdout).toMatch(/^gemini-3\.8-flash generateContent/m);
      expect(stdout).toMatch(/^gemini-3\.8-live bidiGenerateContent/m);
      expect(stdout.trimEnd().split('\n')).toHaveLength(realisticModels.length);
      expect(server.requests.map(({ path, headers }) => [path.includes(canaryKey), headers['x-goog-api-key']])).toEqual(
        server.requests.map(() => [false, canaryKey]),
      );
    },
  );
});
