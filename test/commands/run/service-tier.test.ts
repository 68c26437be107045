import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { overloadedError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const usage = { promptTokenCount: 1000, candidatesTokenCount: 400, totalTokenCount: 1400 };
const price = '[providers.gemini.prices."m"]\ninput = 100\noutput = 1000\n';

/**
 * Creates a folder with a narrative of one act, and returns a function that runs it. The table `[narrative]` names
 * the model `m` and contains the lines `head`. In the standard tier, 1000 tokens in and 400 out cost half a dollar.
 */
function setup(head: string) {
  const narrative = `[narrative]\nname = "n"\nmodel = "m"\n${head}\n[acts]\na = "Hi"\n`;
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': narrative, 'boticelli.toml': price });
  const env = {
    ...{ GEMINI_API_KEY: 'test-key', GEMINI_TIER: 'tier_1', GOOGLE_GEMINI_BASE_URL: server.url },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  return (...args: string[]) => runInProcess(['run', join(cwd, 'n.toml'), '-o', 'ndjson', ...args], { cwd, env });
}

const listRequestedTiers = () => server.generateRequests.map(({ body }) => body.serviceTier);

test('a flex request costs half, and the act-end event and standard error name the tier', async () => {
  const run = setup('service_tier = "flex"');
  server.queueReplies(textReply('a reply', { usage, headers: { 'x-gemini-service-tier': 'flex' } }));
  const { stdout, stderr, code } = await run();
  expect(code).toBe(0);
  expect(listRequestedTiers()).toEqual(['flex']);
  expect(parseEvents(stdout, 'act-end')).toMatchObject([{ serviceTier: 'flex', costUsd: 0.25, attempts: 1 }]);
  expect(stderr).toMatch(/^a: m · flex tier · 1,000 tokens in, 400 out · .* · \$0\.25$/m);
});

test('a flex request that fails with 503 is retried, then sent in the next tier, and the events report the change', async () => {
  const run = setup('service_tier = ["flex", "standard"]');
  server.queueReplies(overloadedError(), overloadedError(), textReply('a reply', { usage }));
  const { stdout, stderr, code } = await run('--retries', '1');
  expect(code).toBe(0);
  expect(listRequestedTiers()).toEqual(['flex', 'flex', 'standard']);
  expect(parseEvents(stdout, 'act-fallback')).toMatchObject([
    { act: 'a', from: 'm (flex)', to: 'm (standard)', reason: expect.stringContaining('503'), serviceTier: 'standard' },
  ]);
  expect(parseEvents(stdout, 'act-end')).toMatchObject([{ serviceTier: 'standard', costUsd: 0.5, attempts: 3 }]);
  expect(stderr).toContain('boticelli: a: using m (standard) instead of m (flex): service unavailable: 503');
});

test('if the act names no other tier, a flex request that fails with 503 ends the run with 69, and the hint says what to do', async () => {
  server.setDefaultReply(overloadedError());
  const { stdout, code } = await setup('service_tier = "flex"')('--retries', '0');
  expect(code).toBe(69);
  expect(parseEvents(stdout, 'narrative-end')[0]?.error?.hint).toContain('service_tier = ["flex", "standard"]');
});

test('--service-tier applies to acts that name no tier, and a reply of any tier is reused', async () => {
  const run = setup('');
  server.setDefaultReply(textReply('a reply', { usage }));
  await run('--service-tier', 'flex');
  expect(listRequestedTiers()).toEqual(['flex']);
  const { stdout } = await run('--service-tier', 'standard', '--resume');
  expect(listRequestedTiers()).toEqual(['flex']);
  const [end] = parseEvents(stdout, 'act-end');
  expect(end).toMatchObject({ reused: true, costUsd: 0 });
  expect(end).not.toHaveProperty('serviceTier');
  await setup('service_tier = "standard"')('--service-tier', 'flex');
  expect(listRequestedTiers()).toEqual(['flex', 'standard']);
});

test('a priority request that is served as standard costs the standard price, with a note', async () => {
  const run = setup('service_tier = "priority"');
  server.setDefaultReply(textReply('a reply', { usage, headers: { 'x-gemini-service-tier': 'standard' } }));
  const { stdout, stderr } = await run();
  expect(parseEvents(stdout, 'act-end')).toMatchObject([{ serviceTier: 'standard', costUsd: 0.5 }]);
  expect(stderr).toContain('a: the standard tier served the request instead of priority');
});

test('--max-cost uses the price of the tier: up to twice the standard price for priority, half the standard price for flex', async () => {
  server.setDefaultReply(textReply('a reply', { usage }));
  const renderHead = (tier: string) => `max_tokens = 400\nservice_tier = "${tier}"`;
  expect((await setup(renderHead('priority'))('--max-cost', '0.5')).code).toBe(75);
  expect(listRequestedTiers()).toEqual([]);
  expect((await setup(renderHead('flex'))('--max-cost', '0.25')).code).toBe(0);
});

test('an unknown tier is a usage error with the choices', async () => {
  const { code, stderr } = await setup('')('--service-tier', 'flexx');
  expect(code).toBe(2);
  expect(stderr).toContain('flex, standard, priority');
});
