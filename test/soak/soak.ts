import { soakLive } from './live-soak.js';
import { soakMachine } from './machine-soak.js';
import { soakRedis } from './redis-soak.js';

/**
 * `npm run soak`: what takes minutes to find out, over the real bin. Run from the repository's root; prints a table in
 * Markdown for each part. With names of parts, `npm run soak -- redis`, those alone. Ends with 1 where one of them did not
 * keep its promise.
 */
const soakKills = async () => (await import('./kill-and-resume.js')).soakKills();
const soakActs = async () => (await import('./acts.js')).soakActs();
const soakFuzz = async () => (await import('./fuzz.js')).soakFuzz();
const quotaParts = { quota: soakMachine, redis: soakRedis, live: soakLive };
const parts = new Map(Object.entries({ ...quotaParts, kill: soakKills, acts: soakActs, fuzz: soakFuzz }));
const selected = process.argv.slice(2);
const unknown = selected.filter((name) => !parts.has(name));
if (unknown.length > 0) throw new Error(`no such part: ${unknown}; there are ${[...parts.keys()].join(', ')}`);
for (const name of selected.length > 0 ? selected : parts.keys()) {
  if ((await parts.get(name)?.()) === false) process.exitCode = 1;
}
