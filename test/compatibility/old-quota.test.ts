import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textReply } from '../helpers/gemini/replies.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { redisSkipReason, startRedisServer } from '../helpers/redis-server.js';
import { dumpRedis, fillRedis, oldRedis } from './old-redis.js';
import { copyDatabaseAsIfJustWritten, createScenarioFolder, type ScenarioFolder } from './old-state.js';
import { liveModel, startScenarioServer } from './scenario.js';

/**
 * The quota of each model in the state of version 0.1, as `limits --format json` shows it. `booked` counts reserved
 * requests or tokens that were not sent yet. `free` says when a small request made now would be sent.
 */
const oldLimits = [
  { model: liveModel, minute: { requests: { used: 2, booked: 0 } }, free: { state: 'now' } },
  {
    ...{ model: 'model-a', free: { state: 'now' }, day: { requests: { used: 6, booked: 0 } } },
    minute: { requests: { used: 6, booked: 0 }, tokens: { used: 48, booked: 0 } },
  },
  { model: 'model-b', minute: { requests: { used: 6, booked: 0 } }, free: { state: 'now' } },
  {
    ...{ model: 'model-c', free: { state: 'later', reason: 'rpm' } },
    ...{ minute: { requests: { used: 1, booked: 1 } }, day: { requests: { used: 1, booked: 1 } } },
  },
  { model: 'model-d', minute: { requests: { used: 1, booked: 0 } }, underWay: 1, free: { state: 'taken' } },
  {
    ...{ model: 'model-day', minute: { requests: { used: 0, booked: 0 } }, free: { state: 'closed' } },
    limits: { rpd: { value: 20, source: 'learned', learnedAt: expect.stringMatching(/Z$/) } },
  },
  { model: 'model-latest', standsFor: 'model-a' },
  {
    ...{ model: 'model-minute', minute: { requests: { used: 1, booked: 0 } }, free: { state: 'later', reason: 'rpm' } },
    limits: { rpm: { value: 1, source: 'learned' }, tpm: { value: 5000, source: 'learned' } },
  },
];

/** Runs that are denied because of what the state of version 0.1 says about the quota. */
const deniedRuns: [reason: string, model: string, code: string][] = [
  ['a used-up daily quota', 'model-day', 'quota_exhausted'],
  ['a learned limit per minute', 'model-minute', 'rate_limited'],
  ['a reservation of another process', 'model-c', 'rate_limited'],
  ['the only concurrency slot of its model, which another process holds', 'model-d', 'rate_limited'],
];

const cleanups: (() => void | Promise<void>)[] = [];
const onCleanup = (clean: () => void | Promise<void>) => void cleanups.push(clean);
let server: GeminiServer;
beforeAll(async () => {
  server = await startScenarioServer();
  onCleanup(() => server.close());
});
afterAll(async () => {
  for (const clean of cleanups) await clean();
});

/** Returns what `limits --format json` prints. Its field `book` says where the quota is stored. */
const readLimits = async (run: (command: string) => ReturnType<ScenarioFolder['run']>) => {
  const { code, stdout, stderr } = await run('limits --format json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

// The tests of a group share one state. A test changes only what later tests do not read.
describe('the quota database of version 0.1', () => {
  let workingFolder: ScenarioFolder;
  const run = (command: string) => workingFolder.run(command, { server });
  beforeAll(() => {
    workingFolder = createScenarioFolder(onCleanup);
    copyDatabaseAsIfJustWritten(workingFolder, server);
  });

  test('is shown by `limits`: learned limits, sent and waiting requests, a held concurrency slot', async () => {
    expect(await readLimits(run)).toMatchObject({
      book: { file: workingFolder.database, project: '62af8704764faf8e', projectIs: 'key-hash' },
      models: oldLimits,
    });
  });

  test.each(deniedRuns)('denies a run because of %s', async (_, model, errorCode) => {
    const { code, stdout } = await run(`run short.toml -m ${model} --max-wait 0 -o json`);
    const { error } = JSON.parse(stdout);
    expect({ code, error }).toMatchObject({
      code: 75,
      error: { code: errorCode, message: expect.stringContaining(model) },
    });
    expect(server.requests).toEqual([]);
  });

  test('counts a request to an alias under the model that serves it', async () => {
    const before = server.requests.length;
    server.queueReplies(textReply('Again.', { modelVersion: 'model-a' }));
    expect((await run('run short.toml -m model-latest')).code).toBe(0);
    expect(server.requests).toHaveLength(before + 1);
    const { models } = await readLimits(run);
    expect(models[1]).toMatchObject({ model: 'model-a', minute: { requests: { used: 7, booked: 0 } } });
  });

  test('no longer has a learned limit after `limits --forget`, so that a run is allowed again', async () => {
    const { code, stdout } = await run('limits --forget model-day');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/model-day.*\b20\b/) });
    expect((await run('run short.toml -m model-day')).code).toBe(0);
  });
});

describe.skipIf(redisSkipReason)('the quota that version 0.1 left in Redis', () => {
  let redis: { url: string; port: number };
  let workingFolder: ScenarioFolder;
  const run = (command: string) => workingFolder.run(command, { server, env: { BOTICELLI_REDIS_URL: redis.url } });
  beforeAll(async () => {
    redis = await startRedisServer(onCleanup);
    await fillRedis(redis.url);
    // The state folder has no database: this plays another machine that shares the Redis.
    workingFolder = createScenarioFolder(onCleanup);
  });

  test('is shown by `limits`', async () => {
    expect(await readLimits(run)).toMatchObject({ book: { redis: `127.0.0.1:${redis.port}` }, models: oldLimits });
  });

  test.each(deniedRuns)('denies a run because of %s', async (_, model, errorCode) => {
    const before = server.requests.length;
    const { code, stdout, stderr } = await run(`run short.toml -m ${model} --max-wait 0 -o json`);
    const { error } = JSON.parse(stdout);
    expect({ code, error }).toMatchObject({
      code: 75,
      error: { code: errorCode, message: expect.stringContaining(model) },
    });
    expect(stderr).not.toContain('warning');
    expect(server.requests).toHaveLength(before);
  });

  test('counts further requests under the same keys', async () => {
    const before = server.requests.length;
    server.queueReplies(textReply('Again.', { modelVersion: 'model-a' }));
    const { code, stderr } = await run('run short.toml -m model-latest');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('warning') });
    expect(server.requests).toHaveLength(before + 1);
    const { models } = await readLimits(run);
    expect(models[1]).toMatchObject({ model: 'model-a', minute: { requests: { used: 7, booked: 0 } } });
    expect(Object.keys(await dumpRedis(redis.url)).sort()).toEqual(Object.keys(oldRedis.keys).sort());
  });
});
