import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { printHeading, printRow } from '../bench/measure.js';
import { startBoticelli } from '../helpers/boticelli.js';
import { textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { createRandom } from '../helpers/random.js';

/** What was seen while a run of rows was killed and resumed. */
export interface KilledRowsResult {
  /** The number of kills before the run completed. */
  kills: number;
  /** What is wrong; empty if nothing is. */
  problems: string[];
}

/** Kills a run of rows with SIGKILL at random moments and resumes it each time, until it completes. */
export async function killRows(rows: number, maxKills: number, seed: number): Promise<KilledRowsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-rows-'));
  const server = await startGeminiServer({ models: 'any' });
  server.setDefaultReply(({ body }) => textReply(`To ${body.contents.at(-1).parts[0].text}`, { headersDelayMs: 15 }));
  writeFileSync(
    join(folder, 'n.toml'),
    '[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts]\na = "Row {{row.text}}"\n',
  );
  // Every third text is the same, so that the program has to tell rows with equal requests apart.
  const texts = Array.from({ length: rows }, (_, index) => (index % 3 === 0 ? 'same' : `text ${index}, "x"`));
  const source = ['text', ...texts.map((text) => `"${text.replaceAll('"', '""')}"`)].join('\n');
  writeFileSync(join(folder, 'rows.csv'), `${source}\n`);
  const random = createRandom(seed);
  const problems: string[] = [];
  const start = () =>
    startBoticelli(['run', 'n.toml', '--each', 'rows.csv', '--results', 'r.ndjson', '--resume'], {
      ...{ server, cwd: folder, env: { BOTICELLI_STATE_DIR: join(folder, 'state'), GEMINI_TIER: 'tier_1' } },
    });
  const readResults = () =>
    existsSync(join(folder, 'r.ndjson')) ? readFileSync(join(folder, 'r.ndjson'), 'utf8') : '';
  try {
    let kills = 0;
    let maxRepeatedRequests = 0;
    for (; kills < maxKills; kills += 1) {
      const requestsBefore = server.generateRequests.length;
      const running = start();
      const { result } = running;
      const target = requestsBefore + 1 + Math.floor(random() * (rows / maxKills));
      const isDone = await Promise.race([server.waitForRequests(target).then(() => false), result.then(() => true)]);
      if (isDone) break;
      await delay(random() * 30);
      running.child.kill('SIGKILL');
      await result;
      // Up to four requests were in flight. If replies are lost, the next run sends their requests again.
      maxRepeatedRequests += 4;
      const lines = readResults().split('\n').slice(0, -1);
      if (lines.some((line) => !line.endsWith('}'))) problems.push(`kill ${kills}: a broken line`);
    }
    const { code, stderr } = await start().result;
    if (code !== 0) problems.push(`the last run ended with ${code}: ${stderr}`);
    const results = readResults()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const written = results.map(({ row }) => row.text).sort();
    if (JSON.stringify(written) !== JSON.stringify([...texts].sort()))
      problems.push(`${results.length} results, which are not one for each row`);
    const requests = server.generateRequests.length;
    if (requests > rows + maxRepeatedRequests)
      problems.push(`${requests} requests for ${rows} rows and ${kills} kills`);
    return { kills, problems };
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The part `rows` of `npm run soak`: a run of 200 rows that is killed up to twenty times. */
export async function soakRows(): Promise<boolean> {
  printHeading('rows', 'kills', 'problems');
  const { kills, problems } = await killRows(200, 20, 1);
  printRow(200, kills, problems.join('; ') || 'none');
  return problems.length === 0;
}
