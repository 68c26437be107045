import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { benchCheck } from './check.js';
import { benchEvents } from './events.js';
import { benchLive } from './live.js';
import { benchLongNarratives } from './long-narratives.js';
import { formatMs, printHeading, printRow, quantile, runNode, type TimedCommand, timePairs } from './measure.js';
import { benchMemory } from './memory.js';
import { benchQuota } from './quota-use.js';
import { benchRedisReservations } from './redis-reservations.js';
import { benchReport } from './report.js';
import { benchReservations } from './reservations.js';
import { benchRows } from './rows.js';
import { benchStore } from './store.js';
import { measureTokenDelays } from './token-delay.js';

/*
 * `npm run bench`: measures boticelli and, in the same run, the programs that it is compared with (peers). Prints a
 * table in Markdown; the label of each line names the peer. Run it in the repository's root. `npm run bench -- quota`
 * runs only the part `quota`.
 */

/** How often this file measures each pair of commands. The parts in other files have their own numbers. */
const rounds = 21;
const bin = 'bin/boticelli.js';
const getPeerPath = (name: string) => `test/bench/peers/${name}.mjs`;

const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-'));
const narrative = join(folder, 'one.toml');
writeFileSync(narrative, '[narrative]\nname = "one"\n[toc]\norder = ["a"]\n[acts]\na = "Question 1"\n');
const server = await startGeminiServer();
// In tier_1 there are no built-in limits, so requests use the rate limiter but never wait.
const createEnvironment = (baseUrl: string) => ({
  GEMINI_API_KEY: 'key',
  GOOGLE_GEMINI_BASE_URL: baseUrl,
  GEMINI_TIER: 'tier_1',
  HOME: folder,
  BOTICELLI_STATE_DIR: folder,
});
const createCommand = (...args: string[]): TimedCommand => ({ args, env: createEnvironment(server.url) });
const program = { bin, createEnvironment };
const parts = new Map<string, () => Promise<void>>([
  ['starts', benchStarts],
  ['loop', benchLoop],
  ['tokens', benchTokenDelays],
  ['events', benchEvents],
  ['memory', () => benchMemory(program)],
  ['acts', benchLongNarratives],
  ['live', () => benchLive(program)],
  ['check', () => benchCheck(folder)],
  ['reservations', benchReservations],
  ['quota', benchQuota],
  ['rows', () => benchRows(program)],
  ['store', benchStore],
  ['report', benchReport],
  ['redis', () => benchRedisReservations(benchRedisRun)],
]);

const names = selectParts();
process.stdout.write(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, starts: medians of ${rounds} pairs, load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
printHeading('what', 'boticelli', 'peer', 'ratio', 'target');
for (const name of names) await parts.get(name)?.();

await server.close();
rmSync(folder, { recursive: true });

function selectParts(): string[] {
  const selected = process.argv.slice(2);
  const unknown = selected.filter((name) => !parts.has(name));
  if (unknown.length > 0) throw new Error(`unknown part ${unknown}; choose from ${[...parts.keys()].join(', ')}`);
  return selected.length > 0 ? selected : [...parts.keys()];
}

async function benchStarts(): Promise<void> {
  const act = createCommand(bin, 'run', narrative);
  // The first run writes V8's code cache, which later starts read (bin/compile-cache.js).
  await runNode(act);
  const emptyProgram = createCommand('-e', '0');
  await printPair('`--version` against `node -e 0`', createCommand(bin, '--version'), emptyProgram, 1.3);
  await printPair('`--help` against `node -e 0`', createCommand(bin, '--help'), emptyProgram, 2);
  await printPair('`check` of one file against `node -e 0`', createCommand(bin, 'check', narrative), emptyProgram, 2.1);
  await printPair('one act against a minimal SDK script', act, createCommand(getPeerPath('sdk-act')), 0.95);
  await printPair('one act against a bare fetch script', act, createCommand(getPeerPath('fetch-act')), 1.35);
}

/** Runs one process after another, like a shell loop. */
async function benchLoop(): Promise<void> {
  const loops = { ours: [] as number[], peer: [] as number[] };
  const commands = { ours: createCommand(bin, 'run', narrative), peer: createCommand(getPeerPath('sdk-act')) };
  await runNode(commands.ours);
  for (let round = 0; round < 3; round += 1) {
    for (const side of round % 2 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      let wallMs = 0;
      for (let run = 0; run < 50; run += 1) wallMs += await runNode(commands[side]);
      loops[side].push(wallMs);
    }
  }
  const [oursMs, peerMs] = [quantile(loops.ours, 0.5), quantile(loops.peer, 0.5)];
  const label = 'loop of 50 runs against a loop of 50 minimal SDK scripts';
  printRow(label, formatMs(oursMs), formatMs(peerMs), (oursMs / peerMs).toFixed(2), '1.00 or less');
}

async function printPair(label: string, ours: TimedCommand, peer: TimedCommand, maxRatio: number): Promise<void> {
  const pair = await timePairs(ours, peer, rounds);
  const ratio = `${pair.ratio.toFixed(2)} (CPU time ${pair.cpuRatio.toFixed(2)})`;
  printRow(label, formatMs(pair.ours), formatMs(pair.peer), ratio, `${maxRatio.toFixed(2)} or less`);
}

async function benchRedisRun(redisUrl: string): Promise<void> {
  const act = createCommand(bin, 'run', narrative);
  const pair = await timePairs({ ...act, env: { ...act.env, BOTICELLI_REDIS_URL: redisUrl } }, act, rounds);
  const label = 'one act with its quota in Redis, against one with SQLite';
  printRow(label, formatMs(pair.ours), formatMs(pair.peer), `+${formatMs(pair.ours - pair.peer)}`, '');
}

/**
 * Measures the delay of streamed tokens in both programs alternately. Takes the minimum of three rounds, because other
 * load can only increase a delay.
 */
async function benchTokenDelays(): Promise<void> {
  const oursBest = { p50: Number.POSITIVE_INFINITY, p99: Number.POSITIVE_INFINITY };
  const peerBest = { ...oursBest };
  for (let round = 0; round < 3; round += 1) {
    for (const [best, args] of [
      [oursBest, [bin, 'run', narrative, '--stream']],
      [peerBest, [getPeerPath('fetch-stream')]],
    ] as const) {
      const { p50, p99 } = await measureTokenDelays((baseUrl) => ({
        args: [...args],
        env: createEnvironment(baseUrl),
      }));
      best.p50 = Math.min(best.p50, p50);
      best.p99 = Math.min(best.p99, p99);
    }
  }
  for (const [percentile, maxAdded] of [
    ['p50', 'under +0.5 ms'],
    ['p99', 'under +5 ms'],
  ] as const) {
    const label = `delay of a streamed token, ${percentile}, against a bare reader`;
    const added = `+${formatMs(oursBest[percentile] - peerBest[percentile])}`;
    printRow(label, formatMs(oursBest[percentile]), formatMs(peerBest[percentile]), added, maxAdded);
  }
}
