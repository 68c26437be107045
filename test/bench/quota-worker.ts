import { createInterface } from 'node:readline';
import { openStateDatabase } from '../../src/commands/resources/open-database.js';
import { openDriverStack } from '../../src/commands/run/open-driver-stack.js';
import { createPriceList } from '../../src/config/price-list.js';
import type { Settings } from '../../src/config/settings.js';
import type { Limits } from '../../src/quota/limits.js';
import type { QuotaTask } from './workers.js';

/*
 * One process of the quota benchmark. It uses the driver stack of `boticelli run`. It begins to send requests when it
 * reads a line from standard input, so that the startup time of sixteen processes is not measured.
 */

const { folder, baseUrl, requests, prompt, windowMs, rpm, tpm } = JSON.parse(process.argv[2] ?? '{}') as QuotaTask;
const createLimit = (value: number) => ({ value, source: 'settings' }) as const;
const limits: Limits = { ...(rpm && { rpm: createLimit(rpm) }), ...(tpm && { tpm: createLimit(tpm) }) };
const model = 'gemini-flash-lite-latest';
const settings: Settings = {
  ...{
    apiKey: 'key',
    baseUrl,
    defaultModel: model,
    tier: 'free',
    project: 'bench',
    projectSource: 'settings',
    modelsWithConfiguredLimits: [],
    prices: createPriceList(),
    fallback: [],
    limitMultipliers: {},
  },
  ...{ limitsFor: () => limits, windowMs, stateFolder: folder },
};
const warn = (text: string) => void process.stderr.write(`${text}\n`);
const state = await openStateDatabase({ settings, features: ['quota'], warn });
const driver = await openDriverStack({
  options: { output: 'text', timeout: 300_000, idleTimeout: 60_000, retries: 4 },
  settings,
  warn,
  persistence: { stateDatabase: state, store: undefined, canReuse: () => false, assertStoreWorks: async () => {} },
});
const sendRequest = () =>
  driver.generate({ model, turns: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }], parameters: {} });

process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;

let replies = 0;
for (let count = 0; count < requests; count += 1) {
  // A request that failed after all of its retries is a lost reply.
  const replyCount = await sendRequest().then(
    () => 1,
    () => 0,
  );
  replies += replyCount;
}
process.stdout.write(`${JSON.stringify({ replies })}\n`);
