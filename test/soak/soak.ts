/**
 * `npm run soak`: what takes minutes to find out, over the real bin. Run from the repository's root. With names of parts,
 * `npm run soak -- kill`, those alone.
 */
const parts: Record<string, () => Promise<unknown>> = {
  quota: () => import('./quota-loop.js'),
  kill: async () => (await import('./kill-and-resume.js')).soakKills(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`no such part: ${unknown}; there are ${Object.keys(parts)}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) await parts[name]?.();
