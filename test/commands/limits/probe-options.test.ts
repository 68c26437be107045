import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli, startBoticelli, startInTerminal } from '../../helpers/boticelli.js';
import { errorReply } from '../../helpers/gemini/errors.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { enforceQuota } from '../../helpers/quota-enforcer.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const probe = ['limits', 'probe', '-m', 'model-a', '-m', 'model-b', '--requests', '8'];
/** Creates options for the commands of a test, which share a state folder. */
const createSharedOptions = () => ({ server, env: { BOTICELLI_STATE_DIR: createTemporaryFolder(onTestFinished) } });

test('measures two models side by side, and the rate limiter learns the results', async () => {
  const options = createSharedOptions();
  enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpm: 3 }, { 'model-b': { rpm: 5, rpd: 4 } });
  const { code, stdout, stderr } = await runBoticelli([...probe, '--yes'], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ +model-a +model-b\n/);
  const cells = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(Object.fromEntries(cells.map(([label = '', ...values]) => [label, values]))).toMatchObject({
    'requests sent': ['6', '5'],
    replies: ['3', '4'],
    rejections: ['3', '1'],
    'first rejection': [
      expect.stringMatching(/^request 4, after \d\.\d s$/),
      expect.stringMatching(/^request 5, after /),
    ],
    'rejected by': ['3 requests per minute', '4 requests per day'],
    'end reason': ['repeated rejections', 'daily quota used up'],
  });
  expect(stdout).toContain(
    'a request to model-b exceeded the quota GenerateRequestsPerDayPerProjectPerModel-FreeTier\n',
  );
  // `free` says when the next request to a model can be sent. `closed`: not before the daily quota resets.
  const { models } = JSON.parse((await runInProcess(['limits', '--format', 'json'], options)).stdout);
  expect(models.filter(({ model }: { model: string }) => model.startsWith('model-'))).toMatchObject([
    { model: 'model-a', limits: { rpm: { value: 3, source: 'learned' } }, day: { requests: { used: 3 } } },
    { model: 'model-b', free: { state: 'closed' }, day: { requests: { used: 4 } } },
  ]);
});

test('--format json prints the figures, and --stream makes every request a streaming one', async () => {
  enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpm: 3 });
  const { stdout } = await runInProcess([...probe, '--yes', '--format', 'json', '--stream'], { server });
  expect(server.generateRequests.every(({ streaming }) => streaming)).toBe(true);
  const getExpectedResult = (model: string) => ({
    ...{ model, sent: 6, succeeded: 3, refused: 3, ended: 'refused-in-a-row', durationMs: expect.any(Number) },
    firstRefusal: {
      ...{ request: 4, afterMs: expect.any(Number), retryAfterMs: expect.any(Number) },
      quotas: [expect.objectContaining({ per: 'minute', unit: 'requests', limit: 3, quotaId: expect.any(String) })],
    },
    latency: { p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
    usage: { promptTokens: expect.any(Number), outputTokens: 12, thoughtTokens: 0, totalTokens: expect.any(Number) },
  });
  expect(JSON.parse(stdout)).toEqual({ models: [getExpectedResult('model-a'), getExpectedResult('model-b')] });
});

test('without --yes, sends nothing if there is no terminal to ask on', async () => {
  const { code, stderr } = await runInProcess(probe, { server });
  expect(code).toBe(2);
  expect(stderr).toBe(
    'boticelli: confirmation needed: this sends up to 16 requests, counted against your quota\n  Add --yes to confirm; nothing was sent.\n',
  );
  expect(server.requests).toEqual([]);
});

test('asks on a terminal, and sends requests only after y', async () => {
  for (const [answer, calls] of [
    ['\n', 0],
    ['\u0004', 0], // Ctrl-D
    ['y\n', 16],
  ] as const) {
    const running = startInTerminal(probe, { server, env: { CI: '1' } });
    await running.waitForOutput('This sends up to 16 requests, counted against your quota. Continue? [y/N] ');
    running.child.stdin?.write(answer);
    const { code } = await running.result;
    expect({ code, calls: server.generateRequests.length }).toEqual({ code: calls === 0 ? 2 : 0, calls });
  }
});

test('after Ctrl-C at the question, sends nothing; after Ctrl-C during the requests, prints the results so far', async () => {
  const question = startInTerminal(probe, { server, env: { CI: '1' } });
  await question.waitForOutput('Continue?');
  question.child.stdin?.write('\u0003');
  expect((await question.result).code).toBe(130);
  expect(server.requests).toEqual([]);

  const running = startBoticelli([...probe, '--yes', '--spacing', '200ms'], { server });
  await server.waitForRequests(4);
  running.child.kill('SIGINT');
  const { signal, stdout, stderr } = await running.result;
  expect(signal).toBe('SIGINT');
  expect(stdout).toMatch(/^end reason +interrupted +interrupted$/m);
  expect(stderr).toBe('boticelli: interrupted by SIGINT\n');
});

test('an error other than a rejection ends only the requests to its model, and sets the exit code', async () => {
  const broken = errorReply(503, 'The model is overloaded.');
  const reply = { body: { candidates: [{ content: { parts: [{ text: 'yes' }] }, finishReason: 'STOP' }] } };
  server.setDefaultReply(({ model }) => (model === 'model-a' ? broken : reply));
  const { code, stdout, stderr } = await runInProcess([...probe, '--yes'], { server });
  expect(code).toBe(69);
  expect(stdout).toMatch(/^end reason +error +all requests sent$/m);
  expect(stdout).toMatch(/^model-a failed: /m);
  expect(stderr).toMatch(/^boticelli: .*overloaded/);
});

test('lists the models one below the other if the terminal is too narrow for columns', async () => {
  enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpm: 3 });
  const longName = (name: string) => `gemini-with-quite-a-long-name-${name}`;
  const args = ['limits', 'probe', '-m', longName('a'), '-m', longName('b'), '--requests', '1', '--yes'];
  const running = startInTerminal(args, { server, env: { CI: '1' } });
  await running.result;
  const lines = stripVTControlCharacters(running.stdout()).replaceAll('\r', '').split('\n');
  expect(lines.filter((line) => line.startsWith('requests sent'))).toHaveLength(2);
});

test('neither asks nor sends anything without a key', async () => {
  const { code, stderr } = await runInProcess(probe, {});
  expect(code).toBe(77);
  expect(stderr).toContain('no API key is set');
});

test('measures a REST model and a Live model side by side', async () => {
  const options = createSharedOptions();
  enforceQuota(server, { window: 'sliding', windowMs: 60_000 }, { 'gemini-3.8-flash': { rpd: 5 } });
  const both = ['limits', 'probe', '-m', 'gemini-3.8-flash', '-m', 'gemini-3.8-live', '--requests', '8', '--yes'];
  const { code, stdout, stderr } = await runInProcess(both, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ +gemini-3\.8-flash +gemini-3\.8-live\n/);
  const cells = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(Object.fromEntries(cells.map(([label = '', ...values]) => [label, values]))).toMatchObject({
    'requests sent': ['6', '8'],
    replies: ['5', '8'],
    rejections: ['1', '0'],
    'first rejection': [expect.stringMatching(/^request 6, after /), '–'],
    'rejected by': ['5 requests per day', '–'],
    'end reason': ['daily quota used up', 'all requests sent'],
  });
  expect(server.live.peakOpenCount).toBe(1);
  const { models } = JSON.parse((await runInProcess(['limits', '--format', 'json'], options)).stdout);
  expect(models).toContainEqual(
    expect.objectContaining({ model: 'gemini-3.8-live', free: expect.objectContaining({ state: 'now' }) }),
  );
});

test('counts requests to a Live model as rejected if the service opens no session, and keeps the results of the REST model', async () => {
  server.live.maxSessions = 0;
  const both = ['limits', 'probe', '-m', 'gemini-3.8-flash', '-m', 'gemini-3.8-live', '--requests', '4', '--yes'];
  const { code, stdout } = await runInProcess([...both, '--format', 'json'], { server });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).models).toMatchObject([
    { model: 'gemini-3.8-flash', sent: 4, succeeded: 4, ended: 'all-sent' },
    { model: 'gemini-3.8-live', sent: 3, succeeded: 0, refused: 3, ended: 'refused-in-a-row' },
  ]);
});
