import { soakLive } from './live-soak.js';
import { soakQuota, soakRowQuota } from './machine-soak.js';
import { soakRedis } from './redis-soak.js';

/*
 * `npm run soak`: tests that take minutes. Run it in the repository's root; it prints a Markdown table for
 * each part. `npm run soak -- redis` runs only the named parts. Exits with 1 if a part fails.
 */

const soakKills = async () => (await import('./kill/kill-soak.js')).soakKills();
const soakRows = async () => (await import('./kill-rows.js')).soakRows();
const soakParallelActs = async () => (await import('./kill-acts.js')).soakParallelActs();
const soakActs = async () => (await import('./acts.js')).soakActs();
const soakFuzz = async () => (await import('./fuzz.js')).soakFuzz();
const soakHostile = async () => (await import('./hostile/hostile-server.js')).soakHostileServer();
const parts = new Map(
  Object.entries({
    quota: soakQuota,
    'row-quota': soakRowQuota,
    redis: soakRedis,
    live: soakLive,
    kill: soakKills,
    rows: soakRows,
    'parallel-acts': soakParallelActs,
    acts: soakActs,
    fuzz: soakFuzz,
    'hostile-server': soakHostile,
  }),
);
const selected = process.argv.slice(2);
const unknown = selected.filter((name) => !parts.has(name));
if (unknown.length > 0) throw new Error(`unknown part ${unknown}; choose from ${[...parts.keys()].join(', ')}`);
for (const name of selected.length > 0 ? selected : parts.keys()) {
  if ((await parts.get(name)?.()) === false) process.exitCode = 1;
}
