import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printHeading, printRow } from '../../bench/measure.js';
import { startGeminiServer } from '../../helpers/gemini/server.js';
import { createRandom } from '../../helpers/random.js';
import { respond } from './narratives.js';
import { clearState, type RoundCounts, type RoundResult, runRound, zeroCounts } from './run-round.js';
import { createSmallDisk, type SmallDisk } from './small-disk.js';

/** The number of rounds that share a state folder. */
const roundsPerState = 20;

/** Runs rounds until at least `minKills` processes were killed. */
export async function killAndResume(minKills: number, seed: number, disk: SmallDisk): Promise<RoundResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-'));
  const server = await startGeminiServer({ models: 'any' });
  server.setDefaultReply(respond);
  const context = { folder, disk, server, random: createRandom(seed) };
  try {
    const results: RoundResult[] = [];
    while (sumCounts(results).kills < minKills) {
      if (results.length % roundsPerState === 0) clearState(context);
      results.push(await runRound(context, results.length + 1));
    }
    return results;
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adds up the counts of all rounds. */
export function sumCounts(results: readonly RoundResult[]): RoundCounts {
  const sum = { ...zeroCounts };
  for (const result of results)
    for (const name of Object.keys(zeroCounts) as (keyof RoundCounts)[]) sum[name] += result[name];
  return sum;
}

/**
 * `npm run soak -- kill`: at least 200 kills, or as many as `SOAK_CASES` says. Resolves to true if there is no problem.
 * `SOAK_SEED` sets the seed.
 */
export async function soakKills(): Promise<boolean> {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);
  const disk = createSmallDisk();
  process.stdout.write(`seed ${seed}; ${disk.mountProblem ?? 'the soak fills the disk and frees it again'}\n`);
  const startedAt = performance.now();
  try {
    const results = await killAndResume(Number(process.env.SOAK_CASES ?? 200), seed, disk);
    const sum = sumCounts(results);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    const problems = results.flatMap((result) => result.problems.map((text) => `${result.description}: ${text}`));
    printHeading(
      ...[
        'kills',
        'rounds',
        'time',
        'requests',
        'stored replies at each kill, added up',
        'times the disk was filled',
        'runs on a read-only disk',
      ],
      ...['exits with 74', 'files of --out-dir', 'temporary files left', 'problems'],
    );
    printRow(
      ...[
        sum.kills,
        results.length,
        `${seconds} s`,
        sum.requests,
        sum.repliesStoredAtKills,
        sum.fills,
        sum.readOnly,
        sum.exitsWith74,
      ],
      ...[sum.files, sum.leftBehind, problems.length],
    );
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return problems.length === 0;
  } finally {
    disk.close();
  }
}
