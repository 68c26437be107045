import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { benchCheck } from './check.js';
import { benchEvents } from './events.js';
import { benchLive } from './live.js';
import { benchLongNarratives } from './long-narratives.js';
import { quantile, runNode, type TimedCommand, timePairs } from './measure.js';
import { benchMemory } from './memory.js';
import type { PrintRow } from './print-row.js';
import { benchQuota } from './quota-use.js';
import { benchRedisReservations } from './redis-reservations.js';
import { benchReservations } from './reservations.js';
import { benchStore } from './store.js';
import { measureTokenDelays } from './token-delay.js';

/**
 * `npm run bench`: the speed that boticelli claims, as ratios against a named peer in the same run. Run from the
 * repository's root; prints a table in Markdown. With names of parts, `npm run bench -- quota`, those alone.
 */
const rounds = 21;
const bin = 'bin/boticelli.js';
const peer = (name: string) => `test/bench/peers/${name}.mjs`;

const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-'));
const narrative = join(folder, 'one.toml');
writeFileSync(narrative, '[narrative]\nname = "one"\n[toc]\norder = ["a"]\n[acts]\na = "Question 1"\n');
const server = await startGeminiServer();
// A tier without limits: the quota book is asked, and never makes anybody wait.
const createEnvironment = (baseUrl: string) => ({
  GEMINI_API_KEY: 'key',
  GOOGLE_GEMINI_BASE_URL: baseUrl,
  GEMINI_TIER: 'tier_1',
  HOME: folder,
  BOTICELLI_STATE_DIR: folder,
});
const createCommand = (...args: string[]): TimedCommand => ({ args, env: createEnvironment(server.url) });

const printRow: PrintRow = (...cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
process.stdout.write(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, medians of ${rounds} pairs, load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
printRow('what', 'boticelli', 'peer', 'ratio', 'aim');
printRow('---', '---', '---', '---', '---');

const benchLiveApi = (printRow: PrintRow) => benchLive(printRow, { bin, environmentFor: createEnvironment });
const benchPeakMemory = (printRow: PrintRow) => benchMemory(printRow, { bin, environmentFor: createEnvironment });
const benchChecks = (printRow: PrintRow) => benchCheck(printRow, folder);
const all = {
  ...{
    starts: benchStarts,
    loop: benchLoop,
    tokens: benchTokenDelays,
    events: benchEvents,
    memory: benchPeakMemory,
    acts: benchLongNarratives,
  },
  ...{ live: benchLiveApi, check: benchChecks },
  ...{ appointments: benchReservations, quota: benchQuota, store: benchStore, redis: benchRedis },
};
const parts = new Map(Object.entries(all));
for (const name of selectParts()) await parts.get(name)?.(printRow);

await server.close();
rmSync(folder, { recursive: true });

function selectParts(): string[] {
  const selected = process.argv.slice(2);
  const unknown = selected.filter((name) => !parts.has(name));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown}; there are ${[...parts.keys()].join(', ')}`);
  return selected.length > 0 ? selected : [...parts.keys()];
}

async function benchStarts(): Promise<void> {
  const act = createCommand(bin, 'run', narrative);
  // The first run writes down what V8 made of the program: every later start reads that (bin/compile-cache.js).
  await runNode(act);
  const emptyProgram = createCommand('-e', '0');
  await printPair('`--version` against `node -e 0`', createCommand(bin, '--version'), emptyProgram, 1.25);
  await printPair('`--help` against `node -e 0`', createCommand(bin, '--help'), emptyProgram, 1.25);
  await printPair('`check` of one file against `node -e 0`', createCommand(bin, 'check', narrative), emptyProgram, 1.6);
  await printPair('one act against a minimal SDK script', act, createCommand(peer('sdk-act')), 0.95);
  await printPair('one act against a bare fetch script', act, createCommand(peer('fetch-act')), 1.35);
}

/** As a shell loop starts them: one after the other. */
async function benchLoop(): Promise<void> {
  const loops = { ours: [] as number[], peer: [] as number[] };
  const commands = { ours: createCommand(bin, 'run', narrative), peer: createCommand(peer('sdk-act')) };
  await runNode(commands.ours);
  for (let round = 0; round < 3; round += 1) {
    for (const side of round % 2 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      let wallMs = 0;
      for (let run = 0; run < 50; run += 1) wallMs += await runNode(commands[side]);
      loops[side].push(wallMs);
    }
  }
  const [oursMs, peerMs] = [quantile(loops.ours, 0.5), quantile(loops.peer, 0.5)];
  printRow(
    'loop of 50 runs against a loop of 50 minimal SDK scripts',
    formatMs(oursMs),
    formatMs(peerMs),
    (oursMs / peerMs).toFixed(2),
    '1.00 or less',
  );
}

async function printPair(label: string, ours: TimedCommand, theirs: TimedCommand, maxRatio: number): Promise<void> {
  const pair = await timePairs(ours, theirs, rounds);
  const ratio = `${pair.ratio.toFixed(2)} (CPU time ${pair.cpuRatio.toFixed(2)})`;
  printRow(label, formatMs(pair.ours), formatMs(pair.peer), ratio, `${maxRatio.toFixed(2)} or less`);
}

async function benchRedis(): Promise<void> {
  await benchRedisReservations(printRow, async (redisUrl) => {
    const act = createCommand(bin, 'run', narrative);
    const pair = await timePairs({ ...act, env: { ...act.env, BOTICELLI_REDIS_URL: redisUrl } }, act, rounds);
    const added = `+${formatMs(pair.ours - pair.peer)}`;
    printRow(
      'one act with its quota in Redis, against one with SQLite',
      formatMs(pair.ours),
      formatMs(pair.peer),
      added,
      '',
    );
  });
}

/** In turns like the rest; the smallest of three, for a delay can only be made longer by what else the machine does. */
async function benchTokenDelays(): Promise<void> {
  const oursBest = { p50: Number.POSITIVE_INFINITY, p99: Number.POSITIVE_INFINITY };
  const peerBest = { ...oursBest };
  for (let round = 0; round < 3; round += 1) {
    for (const [best, args] of [
      [oursBest, [bin, 'run', narrative, '--stream']],
      [peerBest, [peer('fetch-stream')]],
    ] as const) {
      const { p50, p99 } = await measureTokenDelays((baseUrl) => ({
        args: [...args],
        env: createEnvironment(baseUrl),
      }));
      best.p50 = Math.min(best.p50, p50);
      best.p99 = Math.min(best.p99, p99);
    }
  }
  for (const q of ['p50', 'p99'] as const) {
    const added = `+${formatMs(oursBest[q] - peerBest[q])}`;
    printRow(
      `delay of a streamed token, ${q}, against a bare reader`,
      formatMs(oursBest[q]),
      formatMs(peerBest[q]),
      added,
      q === 'p50' ? 'under +0.5 ms' : 'under +5 ms',
    );
  }
}

function formatMs(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
