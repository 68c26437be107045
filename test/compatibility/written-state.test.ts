import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisSkipReason, startRedisServer } from '../helpers/redis-server.js';
import { readContent, readSchema, toComparable } from './comparable.js';
import { dumpRedis, oldRedis, type RedisDump } from './old-redis.js';
import {
  createScenarioFolder,
  hashAddress,
  oldRecording,
  queryRows,
  type ScenarioFolder,
  withCopyOfOldDatabase,
  withDatabase,
} from './old-state.js';
import { runScenario, startScenarioServer } from './scenario.js';

const cleanups: (() => void | Promise<void>)[] = [];
const onCleanup = (clean: () => void | Promise<void>) => void cleanups.push(clean);
afterAll(async () => {
  for (const clean of cleanups) await clean();
});

/**
 * Runs the scenario with this version, in a working folder without a database. If a URL of Redis is given, quota is
 * stored in that Redis.
 */
async function writeState(redisUrl?: string): Promise<{ workingFolder: ScenarioFolder; address: string }> {
  const server = await startScenarioServer();
  onCleanup(() => server.close());
  const workingFolder = createScenarioFolder(onCleanup);
  // The folder has the recording of version 0.1. This version writes its own.
  rmSync(join(workingFolder.cwd, 'recording.ndjson'));
  const env = { ...workingFolder.env, ...(redisUrl !== undefined && { BOTICELLI_REDIS_URL: redisUrl }) };
  await runScenario({ server, cwd: workingFolder.cwd, env });
  return { workingFolder, address: server.url };
}

// If an old version runs beside this one, it reads what this version writes, so the stored formats must stay the same.
describe('the same commands write the same state as in version 0.1', () => {
  let workingFolder: ScenarioFolder;
  let address: string;
  let redisUrl: string;
  beforeAll(async () => {
    // The scenario runs without and with Redis at the same time, because it mostly waits.
    const withRedis = async () => {
      redisUrl = (await startRedisServer(onCleanup)).url;
      await writeState(redisUrl);
    };
    [{ workingFolder, address }] = await Promise.all([writeState(), redisSkipReason === undefined && withRedis()]);
  }, 60_000);

  test('tables, columns and indices', () => {
    expect(withDatabase(workingFolder.database, readSchema)).toEqual(withCopyOfOldDatabase(workingFolder, readSchema));
  });

  test.each(['quota', 'replies', 'runs', 'acts', 'modelLists', 'liveModes'] as const)(
    'rows, except for times and ids: %s',
    (table) => {
      const old = withCopyOfOldDatabase(workingFolder, readContent)[table];
      expect(old).not.toEqual([]);
      expect(withDatabase(workingFolder.database, readContent)[table]).toEqual(old);
    },
  );

  test("the hash of the service's address", () => {
    // `catalogues` has the lists of models, and `live_manners` the `LiveMode` of each Live model.
    const query = 'SELECT substr(key, 1, 16) FROM catalogues UNION SELECT service FROM live_manners';
    expect(withDatabase(workingFolder.database, (database) => queryRows(database, query))).toEqual([
      [hashAddress(address)],
    ]);
  });

  test('the recording, byte for byte', () => {
    expect(readFileSync(join(workingFolder.cwd, 'recording.ndjson'), 'utf8')).toBe(oldRecording);
  });

  test.skipIf(redisSkipReason)('keys in Redis, which expire after 30 days, with their types and values', async () => {
    const keys = await dumpRedis(redisUrl);
    const describeKeys = (dump: RedisDump['keys']) =>
      Object.entries(dump)
        .map(([key, { type, value }]) => ({
          key,
          type,
          value: Array.isArray(value) ? value.sort() : toComparable(value),
        }))
        .sort((left, right) => (left.key < right.key ? -1 : 1));
    expect(describeKeys(keys)).toEqual(describeKeys(oldRedis.keys));
    const monthMs = 30 * 86_400_000;
    for (const { ttlMs } of Object.values(keys)) expect(monthMs - ttlMs).toBeLessThan(60_000);
  });
});
