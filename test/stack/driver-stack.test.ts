import { expect, onTestFinished, test } from 'vitest';
import {
  createDriverStack,
  createQuota,
  type DriverStackOptions,
  type Narrative,
  NarrativeExecutor,
  type ReplyCache,
  type StoredReply,
} from '../../src/index.js';
import { errorReply, overloadedError, quotaError } from '../helpers/gemini/errors.js';
import { textReply } from '../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';

const model = 'gemini-3.5-flash-lite';
const narrative: Narrative = {
  name: 'greeting',
  acts: [{ name: 'hello', parameters: {}, inputs: [{ type: 'text', content: 'Say hello.' }] }],
};

async function startServer(): Promise<GeminiServer> {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  return server;
}

async function runNarrative({ url: baseUrl }: GeminiServer, options: Partial<DriverStackOptions> = {}) {
  const driver = createDriverStack({ gemini: { apiKey: 'key-for-tests', baseUrl }, ...options });
  const events: string[] = [];
  const onEvent = ({ type }: { type: string }) => void events.push(type);
  const report = await new NarrativeExecutor({ driver, defaultModel: model, onEvent }).execute(narrative);
  await driver.close?.();
  return { report, events };
}

test('needs only an API key to run an act, to compute its cost and to retry a temporary failure', async () => {
  const server = await startServer();
  server.queueReplies(overloadedError(), textReply('Hello.'));
  const { report, events } = await runNarrative(server);
  expect(report).toMatchObject({ status: 'completed', acts: [{ text: 'Hello.', attempts: 2 }] });
  expect(report.acts[0]?.costUsd).toBeGreaterThan(0);
  expect(events).toContain('act-retry');
});

test('stacks that share a quota share its limits', async () => {
  const server = await startServer();
  const limits = { rpd: { value: 1, source: 'settings' as const } };
  const quota = createQuota({ limitsFor: () => limits, maxWaitMs: 0 });
  expect((await runNarrative(server, { quota })).report.status).toBe('completed');
  expect((await runNarrative(server, { quota })).report.error).toMatchObject({ code: 'quota_exhausted' });
  expect(server.generateRequests).toHaveLength(1);
});

test('stops before a request that would exceed maxCostUsd', async () => {
  const server = await startServer();
  const { report } = await runNarrative(server, { maxCostUsd: 0.000_000_001 });
  expect(report.error).toMatchObject({ code: 'budget_exceeded' });
  expect(server.generateRequests).toHaveLength(0);
});

test('stores replies, and reuses them without a request', async () => {
  const server = await startServer();
  const stored: StoredReply[] = [];
  const cache: ReplyCache = {
    find: async () => stored[0],
    save: async (_id, reply) => void stored.push(reply as StoredReply),
    deleteHops: async () => {},
  };
  const first = await runNarrative(server, { replies: { cache } });
  const second = await runNarrative(server, { replies: { cache, canReuse: () => true } });
  expect(second.report.acts[0]).toMatchObject({ reused: true, text: first.report.acts[0]?.text });
  expect(server.generateRequests).toHaveLength(1);
});

test('without credits, sends one request and none to a fallback, and the limiter learns nothing from the error', async () => {
  const server = await startServer();
  const message = 'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects.';
  server.setDefaultReply(errorReply(402, message));
  const quota = createQuota();
  const getFallbackModels = () => ['gemini-3.1-flash-lite'];
  const { report, events } = await runNarrative(server, { quota, getFallbackModels });
  expect(report.error).toMatchObject({ code: 'quota_exhausted', hint: expect.stringContaining('ai.studio/projects') });
  expect(report.failure?.isProjectWide).toBe(true);
  expect(server.generateRequests).toHaveLength(1);
  expect(events).not.toContain('act-retry');
  server.setDefaultReply(textReply('Paid.'));
  const paid = await runNarrative(server, { quota });
  expect(paid.report.status).toBe('completed');
  expect(paid.events).not.toContain('act-wait');
});

test('after a rejection, sends no prompt that is larger than the limit of tokens per minute, except to a fallback model', async () => {
  const server = await startServer();
  const quotaMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';
  const quotaId = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
  server.queueReplies(quotaError([{ quotaId, quotaMetric, quotaValue: '90', model }], '30s'));
  const driver = createDriverStack({ gemini: { apiKey: 'key-for-tests', baseUrl: server.url } });
  const createLongRequest = () => {
    const turns = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'x'.repeat(400) }] }];
    return { model, turns, parameters: {} };
  };
  for (let call = 1; call <= 2; call += 1) {
    await expect(driver.generate(createLongRequest())).rejects.toMatchObject({
      ...{ code: 'quota_exhausted', isTransient: false },
      message: expect.stringMatching(
        /^the prompt has 1\d\d tokens, and gemini-3.5-flash-lite allows 90 input tokens per m/,
      ),
    });
  }
  expect(server.requests.map(({ action }) => action)).toEqual(['generateContent', 'countTokens', 'countTokens']);
  const reply = await driver.generate(createLongRequest(), { fallback: ['gemini-3.1-flash-lite'] });
  expect(reply.model).toBe('gemini-3.1-flash-lite');
  await driver.close?.();
});
