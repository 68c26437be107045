import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { appointments } from './appointments.js';
import { check } from './check.js';
import { eventSpeed } from './events.js';
import { liveSpeed } from './live.js';
import { longNarratives } from './long-narratives.js';
import { quantile, runNode, type Timed, timePairs } from './measure.js';
import { peakMemory } from './memory.js';
import { quotaUse } from './quota-use.js';
import { redisAppointments } from './redis-appointments.js';
import type { Say } from './say.js';
import { storeCosts } from './store.js';
import { tokenDelays } from './token-delay.js';

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
const at = (baseUrl: string) => ({
  GEMINI_API_KEY: 'key',
  GOOGLE_GEMINI_BASE_URL: baseUrl,
  GEMINI_TIER: 'tier_1',
  HOME: folder,
  BOTICELLI_STATE_DIR: folder,
});
const node = (...args: string[]): Timed => ({ args, env: at(server.url) });

const say: Say = (...cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
process.stdout.write(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, medians of ${rounds} pairs, load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
say('what', 'boticelli', 'peer', 'ratio', 'aim');
say('---', '---', '---', '---', '---');

const live = (print: Say) => liveSpeed(print, { bin, at });
const memory = (print: Say) => peakMemory(print, { bin, at });
const checks = (print: Say) => check(print, folder);
const all = {
  ...{ starts: rowsOfStarts, loop: rowOfLoop, tokens: rowOfDelays, events: eventSpeed, memory, acts: longNarratives },
  ...{ live, check: checks },
  ...{ appointments, quota: quotaUse, store: storeCosts, redis: rowsOfRedis },
};
const parts = new Map(Object.entries(all));
for (const name of wantedParts()) await parts.get(name)?.(say);

await server.close();
rmSync(folder, { recursive: true });

function wantedParts(): string[] {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !parts.has(name));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown}; there are ${[...parts.keys()].join(', ')}`);
  return wanted.length > 0 ? wanted : [...parts.keys()];
}

async function rowsOfStarts(): Promise<void> {
  const act = node(bin, 'run', narrative);
  // The first run writes down what V8 made of the program: every later start reads that (bin/compile-cache.js).
  await runNode(act);
  const nothing = node('-e', '0');
  await row('`--version` against `node -e 0`', node(bin, '--version'), nothing, 1.25);
  await row('`--help` against `node -e 0`', node(bin, '--help'), nothing, 1.25);
  await row('`check` of one file against `node -e 0`', node(bin, 'check', narrative), nothing, 1.6);
  await row('one act against a minimal SDK script', act, node(peer('sdk-act')), 0.95);
  await row('one act against a bare fetch script', act, node(peer('fetch-act')), 1.35);
}

/** As a shell loop starts them: one after the other. */
async function rowOfLoop(): Promise<void> {
  const loops = { ours: [] as number[], peer: [] as number[] };
  const started = { ours: node(bin, 'run', narrative), peer: node(peer('sdk-act')) };
  await runNode(started.ours);
  for (let round = 0; round < 3; round += 1) {
    for (const side of round % 2 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      let wallMs = 0;
      for (let run = 0; run < 50; run += 1) wallMs += await runNode(started[side]);
      loops[side].push(wallMs);
    }
  }
  const [ours, bare] = [quantile(loops.ours, 0.5), quantile(loops.peer, 0.5)];
  say(
    'loop of 50 runs against a loop of 50 minimal SDK scripts',
    ms(ours),
    ms(bare),
    (ours / bare).toFixed(2),
    '1.00 or less',
  );
}

async function row(what: string, ours: Timed, theirs: Timed, aim: number): Promise<void> {
  const pair = await timePairs(ours, theirs, rounds);
  const ratio = `${pair.ratio.toFixed(2)} (CPU time ${pair.cpuRatio.toFixed(2)})`;
  say(what, ms(pair.ours), ms(pair.peer), ratio, `${aim.toFixed(2)} or less`);
}

async function rowsOfRedis(): Promise<void> {
  await redisAppointments(say, async (redisUrl) => {
    const act = node(bin, 'run', narrative);
    const pair = await timePairs({ ...act, env: { ...act.env, BOTICELLI_REDIS_URL: redisUrl } }, act, rounds);
    const added = `+${ms(pair.ours - pair.peer)}`;
    say('one act with its quota in Redis, against one with SQLite', ms(pair.ours), ms(pair.peer), added, '');
  });
}

/** In turns like the rest; the smallest of three, for a delay can only be made longer by what else the machine does. */
async function rowOfDelays(): Promise<void> {
  const ours = { p50: Number.POSITIVE_INFINITY, p99: Number.POSITIVE_INFINITY };
  const bare = { ...ours };
  for (let round = 0; round < 3; round += 1) {
    for (const [best, args] of [
      [ours, [bin, 'run', narrative, '--stream']],
      [bare, [peer('fetch-stream')]],
    ] as const) {
      const { p50, p99 } = await tokenDelays((baseUrl) => ({ args: [...args], env: at(baseUrl) }));
      best.p50 = Math.min(best.p50, p50);
      best.p99 = Math.min(best.p99, p99);
    }
  }
  for (const q of ['p50', 'p99'] as const) {
    const added = `+${ms(ours[q] - bare[q])}`;
    say(
      `delay of a streamed token, ${q}, against a bare reader`,
      ms(ours[q]),
      ms(bare[q]),
      added,
      q === 'p50' ? 'under +0.5 ms' : 'under +5 ms',
    );
  }
}

function ms(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
