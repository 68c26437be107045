import { createInterface } from 'node:readline';
import { systemClock } from '../../src/driver/clock.js';
import { retrying } from '../../src/driver/retrying.js';
import { createGeminiDriver } from '../../src/gemini/gemini-driver.js';
import type { Limits } from '../../src/quota/limits.js';
import { metered } from '../../src/quota/metered.js';
import { createModelQueue } from '../../src/quota/model-queue.js';
import { createQuotaBook } from '../../src/quota/quota-book.js';
import { createSqliteKeeper } from '../../src/quota/sqlite-keeper.js';
import { openDatabase } from '../../src/store/open-database.js';
import type { Assignment } from './crew.js';

/**
 * One process of the quota bench: the stack of `boticelli run`, started once and told when to begin, so that what is
 * measured is the quota's use and not how fast sixteen processes start on two cores.
 */
const { folder, baseUrl, requests, prompt, windowMs, rpm, tpm } = JSON.parse(process.argv[2] ?? '{}') as Assignment;
const limitOf = (value: number) => ({ value, source: 'settings' }) as const;
const limits: Limits = { ...(rpm && { rpm: limitOf(rpm) }), ...(tpm && { tpm: limitOf(tpm) }) };
const limitsFor = () => limits;
const model = 'gemini-flash-lite-latest';

const { database } = await openDatabase(folder);
if (!database) throw new Error(`no database in ${folder}`);
const book = createQuotaBook({
  keeper: createSqliteKeeper({ database, clock: systemClock }),
  clock: systemClock,
  project: 'bench',
  windowMs,
});
const driver = retrying(
  { clock: systemClock },
  metered(
    {
      book,
      gate: { enter: async () => ({ release: async () => {} }) },
      queue: createModelQueue({ limitsFor }),
      limitsFor,
      clock: systemClock,
    },
    createGeminiDriver({ apiKey: 'key', baseUrl }),
  ),
);
const ask = () =>
  driver.generate({ model, turns: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }], parameters: {} });

// The driver loads the SDK at its first call: that is the start's business too.
await createGeminiDriver({ apiKey: 'key', baseUrl: 'http://127.0.0.1:9' })
  .generate({ model, turns: [], parameters: {} })
  .catch(() => {});
process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;

let replies = 0;
for (let count = 0; count < requests; count += 1) {
  await ask().then(
    () => {
      replies += 1;
    },
    () => {},
  );
}
process.stdout.write(`${JSON.stringify({ replies })}\n`);
database.close();
