import { createLockedWarning } from '../../cli/stderr.js';
import type { Settings } from '../../config/settings.js';
import { createUnreadableError, databasePath, openReadOnly } from '../../database/open.js';
import { systemClock as clock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { createConcurrencyLimiter } from '../../quota/limiter/concurrency-limiter.js';
import { createModelQueue } from '../../quota/limiter/model-queue.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { createRateLimiter } from '../../quota/limiter/rate-limiter.js';
import type { RedisConnection } from '../../quota/redis/connection.js';
import { createStoreWithMemoryFallback } from '../../quota/stores/fallback-store.js';
import { createMemoryQuotaStore } from '../../quota/stores/memory-store.js';
import type { QuotaStore } from '../../quota/stores/quota-store.js';
import { createSqliteQuotaStore } from '../../quota/stores/sqlite-store.js';
import type { QuotaOptions } from '../../quota/with-quota.js';
import type { StoreLocation } from '../../terminal/reports/limits-report.js';
import { findAccessProblem } from '../../util/read-regular-file.js';
import type { StateDatabase } from './open-database.js';

interface QuotaStoreOptions {
  settings: Settings;
  warn: (text: string) => void;
}

/** The options of `openQuota`. */
export interface OpenQuotaOptions extends QuotaStoreOptions {
  stateDatabase: StateDatabase;
  /** The maximum wait for quota, and for a concurrency slot. Default: no limit. */
  maxWaitMs?: number | undefined;
}

/** The limiters and limits that apply to the requests of a run. */
export interface RunQuota extends QuotaOptions {
  /** Returns the location of the store that is currently in use. Absent if the settings do not name a Redis server. */
  getStoreLocation?: () => StoreLocation;
}

/**
 * Opens the quota store: Redis if the settings name one, otherwise this machine's database. Starts to connect to Redis
 * first, and loads everything else in the meantime.
 *
 * @throws BoticelliError `invalid_config` if a folder that the user does not trust chose the address of Redis
 */
export async function openQuota(options: OpenQuotaOptions): Promise<RunQuota> {
  const { settings, maxWaitMs } = options;
  const { project, limitsFor, limitMultipliers, windowMs } = settings;
  const connection = await startConnecting(options, {
    consequence: 'quota is counted on this machine until Redis is back',
  });
  const store = openLocalStore(options);
  const common = { clock, limitsFor, ...(maxWaitMs !== undefined && { maxWaitMs }) };
  const limiterOptions = { ...common, store, project, limitMultipliers, windowMs };
  const quota = { ...common, queue: createModelQueue({ limitsFor }) };
  if (!connection) {
    const limiter = createRateLimiter(limiterOptions);
    return { ...quota, limiter, concurrencyLimiter: createConcurrencyLimiter(limiterOptions) };
  }
  const { createSharedLimiters } = await import('../../quota/redis/shared-limiter.js');
  return {
    ...{ ...quota, ...createSharedLimiters({ ...limiterOptions, connection }) },
    getStoreLocation: () => describeStoreLocation(settings, connection.isUnavailable() ? undefined : connection.host),
  };
}

/** Returns the location of the quota store, for printing: the host and port of Redis, or the database file, if any. */
export function describeStoreLocation({ stateFolder }: Settings, redisHost: string | undefined): StoreLocation {
  if (redisHost !== undefined) return { redis: redisHost };
  return stateFolder === undefined ? {} : { file: databasePath(stateFolder) };
}

/**
 * Starts to connect to the Redis server in the settings, if any. Warns when Redis goes down and when it is back.
 * @param consequence what happens while Redis is down, as a clause for the warning
 */
async function startConnecting(
  { settings: { redisUrl: url, redisTrustError }, warn }: QuotaStoreOptions,
  { timeoutMs, consequence }: { timeoutMs?: number; consequence: string },
): Promise<RedisConnection | undefined> {
  if (url === undefined) return undefined;
  if (redisTrustError) throw redisTrustError;
  const { connectRedis } = await import('../../quota/redis/connection.js');
  const connection = connectRedis({
    ...{ url, clock, ...(timeoutMs !== undefined && { timeoutMs }) },
    onUnavailable: (reason) => warn(`Redis at ${connection.host} is down (${reason}): ${consequence}`),
    onAvailable: () => warn(`Redis at ${connection.host} is back: quota is shared again`),
  });
  return connection;
}

/**
 * Opens this machine's store: the state database. If there is no database, or once it fails, the store is in memory.
 */
function openLocalStore({ stateDatabase: { database, reportFailure }, warn }: OpenQuotaOptions): QuotaStore {
  if (!database) return createMemoryQuotaStore();
  return createStoreWithMemoryFallback({
    store: createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) }),
    onFailure: (thrown) => reportFailure('quota', thrown),
  });
}

/**
 * Reads the quota store without writing to it: Redis if the settings name one and it is up, otherwise this machine's
 * database. `now` is the time by the store's clock. `redisHost` is undefined if the database was read.
 *
 * @throws BoticelliError `no_input` if the database can't be read; `invalid_config` as `openQuota` does
 */
export async function readQuotaSnapshot(options: QuotaStoreOptions) {
  const snapshot = await withRedisStore(options, async (store, { host, clock: redisClock }) => {
    const modelStates = await store.readAll();
    return { modelStates, now: redisClock.now(), redisHost: host };
  });
  return snapshot ?? { modelStates: await readLocalModelStatesOrWarn(options), now: clock.now(), redisHost: undefined };
}

/**
 * Reads this machine's database. If it is in a folder that can't be entered, warns and returns no state: a run could
 * not reach it either, and would count its quota from 0.
 */
export async function readLocalModelStatesOrWarn(options: QuotaStoreOptions): Promise<Map<string, ModelState>> {
  const { settings, warn } = options;
  const path = settings.stateFolder === undefined ? undefined : databasePath(settings.stateFolder);
  const problem = path === undefined ? undefined : findAccessProblem(path);
  if (problem === undefined) return readLocalModelStates(options);
  warn(`${path} ${problem}: earlier use of the quota is unknown`);
  return new Map();
}

/**
 * Calls `work` with the store in Redis, and closes the connection afterwards. This is for commands about quota, which
 * wait longer for Redis than a run does. Resolves to undefined if the settings do not name a Redis server, or if it is
 * down. If it is down, also prints a warning.
 */
export async function withRedisStore<Result>(
  options: QuotaStoreOptions,
  work: (store: QuotaStore, connection: RedisConnection) => Promise<Result>,
): Promise<Result | undefined> {
  const connection = await startConnecting(options, {
    timeoutMs: 3000,
    consequence: 'this command uses only the quota data of this machine',
  });
  if (!connection) return undefined;
  const [{ RedisUnavailable }, { createRedisQuotaStore }] = await Promise.all([
    import('../../quota/redis/connection.js'),
    import('../../quota/redis/redis-store.js'),
  ]);
  try {
    return await work(createRedisQuotaStore({ connection }), connection);
  } catch (thrown) {
    if (thrown instanceof RedisUnavailable) return undefined;
    throw thrown;
  } finally {
    connection.close();
  }
}

/** Reads this machine's database, if there is one. Does not create it. */
export async function readLocalModelStates({ settings, warn }: QuotaStoreOptions): Promise<Map<string, ModelState>> {
  const { stateFolder } = settings;
  const database = stateFolder === undefined ? undefined : await openReadOnly(stateFolder);
  if (!database) return new Map();
  try {
    return await createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) }).readAll();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : createUnreadableError(databasePath(stateFolder ?? ''), thrown);
  } finally {
    database.close();
  }
}
