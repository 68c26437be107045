import { createInterface } from 'node:readline';
import { openState } from '../../src/commands/resources/open-database.js';
import { driverStack } from '../../src/commands/run/driver-stack.js';
import { priceListOf } from '../../src/config/price-list.js';
import type { Settings } from '../../src/config/settings.js';
import type { Limits } from '../../src/quota/limits.js';
import type { Assignment } from './crew.js';

/**
 * One process of the quota bench: the very stack of `boticelli run`, started once and told when to begin, so that what
 * is measured is the quota's use and not how fast sixteen processes start on two cores.
 */
const { folder, baseUrl, requests, prompt, windowMs, rpm, tpm } = JSON.parse(process.argv[2] ?? '{}') as Assignment;
const limitOf = (value: number) => ({ value, source: 'settings' }) as const;
const limits: Limits = { ...(rpm && { rpm: limitOf(rpm) }), ...(tpm && { tpm: limitOf(tpm) }) };
const model = 'gemini-flash-lite-latest';
const settings: Settings = {
  ...{
    apiKey: 'key',
    baseUrl,
    defaultModel: model,
    tier: 'free',
    project: 'bench',
    projectIs: 'named',
    limitedModels: [],
    prices: priceListOf(),
    fallback: [],
    budget: {},
  },
  ...{ limitsFor: () => limits, rateWindowMs: windowMs, stateFolder: folder },
};
const warn = (text: string) => void process.stderr.write(`${text}\n`);
const state = await openState({ settings, parts: ['quota'], warn });
const driver = await driverStack({
  options: { output: 'text', timeout: 300_000, idleTimeout: 60_000, retries: 4 },
  settings,
  warn,
  keeping: { state, store: undefined, mayReuse: () => false },
});
const ask = () =>
  driver.generate({ model, turns: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }], parameters: {} });

process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;

let replies = 0;
for (let count = 0; count < requests; count += 1) {
  const got = await ask().then(
    () => 1,
    () => 0,
  );
  replies += got;
}
process.stdout.write(`${JSON.stringify({ replies })}\n`);
