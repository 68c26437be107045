import { createLockedWarning } from '../../cli/warnings.js';
import type { Settings } from '../../config/settings.js';
import { databasePath, openDatabase } from '../../database/open.js';
import { createUnreadableError, openReadOnly } from '../../database/open-read-only.js';
import type { Clock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { createConcurrencyLimiter } from '../../quota/limiter/concurrency-leases.js';
import { createModelQueue, type ModelQueue } from '../../quota/limiter/model-queue.js';
import type { ModelState } from '../../quota/limiter/model-state.js';
import { createRateLimiter } from '../../quota/limiter/rate-limiter.js';
import type { RedisConnection } from '../../quota/redis/connection.js';
import type { QuotaLimiters } from '../../quota/redis/shared-limiter.js';
import { createFallbackQuotaStore } from '../../quota/stores/fallback-store.js';
import { createMemoryQuotaStore } from '../../quota/stores/memory-store.js';
import type { QuotaStore } from '../../quota/stores/quota-store.js';
import { createSqliteQuotaStore } from '../../quota/stores/sqlite-store.js';
import type { QuotaLocation } from '../../terminal/reports/limits-report.js';
import type { StateDatabase } from './open-database.js';

/** What it takes to look into this machine's book. */
export interface OpenLocalQuotaOptions {
  settings: Settings;
  /** Tells a person what they should know of the book, a line each. */
  warn: (text: string) => void;
}

export interface OpenQuotaStoreOptions extends OpenLocalQuotaOptions {
  clock: Clock;
}

/** With it the state's database, opened already. */
export interface OpenQuotaOptions extends OpenQuotaStoreOptions {
  stateDatabase: StateDatabase;
  /** Bounds the wait for a place at the gate. */
  maxWaitMs?: number | undefined;
}

/** What a run's requests are admitted by. */
export interface RunQuota extends QuotaLimiters {
  queue: ModelQueue;
  /** Where the shared book is, or the one that stands in for it; absent where settings name no Redis. */
  getStoreLocation?: () => QuotaLocation;
}

/**
 * Opens the book that requests are booked in: in Redis where settings name one, else on this machine. Connecting to Redis
 * begins first, and goes on while the rest is loaded. `maxWaitMs` bounds the wait for a place at the gate.
 */
export async function openQuota(options: OpenQuotaOptions): Promise<RunQuota> {
  const { settings, clock, maxWaitMs } = options;
  const { project, limitsFor, budget, rateWindowMs: windowMs } = settings;
  const connection = await startConnecting(options);
  const store = openLocalStore(options);
  const waitOptions = maxWaitMs === undefined ? {} : { maxWaitMs };
  const limiterOptions = { store, clock, project, limitsFor, budget, windowMs, ...waitOptions };
  const queue = createModelQueue({ limitsFor });
  if (!connection)
    return {
      limiter: createRateLimiter(limiterOptions),
      concurrencyLimiter: createConcurrencyLimiter(limiterOptions),
      queue,
    };
  const { createSharedLimiters } = await import('../../quota/redis/shared-limiter.js');
  return {
    ...createSharedLimiters({ ...limiterOptions, connection }),
    queue,
    getStoreLocation: () => describeStoreLocation(settings, connection.isUnavailable() ? undefined : connection.host),
  };
}

/** Where the book is, as it is shown: in Redis, by host and port, or in a file, if there is a folder for one. */
export function describeStoreLocation({ stateFolder }: Settings, redisHost: string | undefined): QuotaLocation {
  if (redisHost !== undefined) return { redis: redisHost };
  return stateFolder === undefined ? {} : { file: databasePath(stateFolder) };
}

/** Begins to connect to the Redis that settings name, if any; tells when it is missed, and when it is back. */
async function startConnecting(
  { settings: { redisUrl: url }, clock, warn }: OpenQuotaStoreOptions,
  timeoutMs?: number,
): Promise<RedisConnection | undefined> {
  if (url === undefined) return undefined;
  const { connectRedis } = await import('../../quota/redis/connection.js');
  const connection = connectRedis({
    ...{ url, clock, ...(timeoutMs !== undefined && { timeoutMs }) },
    onUnavailable: (reason) =>
      warn(`Redis at ${connection.host} is away (${reason}): quota is counted on this machine until it is back`),
    onAvailable: () => warn(`Redis at ${connection.host} is back: quota is shared again`),
  });
  return connection;
}

/** What keeps this machine's book: the state's database, or this process's memory where that can't be had. */
function openLocalStore({ stateDatabase: { database, reportFailure }, warn }: OpenQuotaOptions): QuotaStore {
  if (!database) return createMemoryQuotaStore();
  return createFallbackQuotaStore({
    store: createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) }),
    onFailure: (thrown) => reportFailure('quota', thrown),
  });
}

/** Everything that is known of quota, and whose word it is. */
export interface QuotaSnapshot {
  modelStates: Map<string, ModelState>;
  /** By the clock of those who wrote the pages. */
  now: number;
  /** Host and port of the Redis that was read; absent where it was this machine's book. */
  redisHost?: string;
}

/**
 * Reads the book that requests are booked in, and writes nothing: in Redis where settings name one that is there, else on
 * this machine. Rejects with `no_input` where that can't be read.
 */
export async function readQuotaSnapshot(options: OpenQuotaStoreOptions): Promise<QuotaSnapshot> {
  const { clock } = options;
  const redisSnapshot = await withRedisStore(options, async (store, { host: redisHost, clock: redisClock }) => ({
    ...{ modelStates: await store.readAll(), now: redisClock.now(), redisHost },
  }));
  return redisSnapshot ?? { modelStates: await readLocalModelStates(options), now: clock.now() };
}

/**
 * Has a command that is about the book do its work in Redis, where settings name one that is there: for that it waits
 * longer than a run does. Resolves to undefined where there is none; that one is away is told.
 */
export async function withRedisStore<Result>(
  options: OpenQuotaStoreOptions,
  work: (store: QuotaStore, connection: RedisConnection) => Promise<Result>,
): Promise<Result | undefined> {
  const connection = await startConnecting(options, 3000);
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

/** Reads this machine's book; where there is none, none is made. */
export async function readLocalModelStates({
  settings: { stateFolder },
  warn,
}: OpenLocalQuotaOptions): Promise<Map<string, ModelState>> {
  const database = stateFolder === undefined ? undefined : await openReadOnly(stateFolder);
  if (!database) return new Map();
  try {
    return await createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) }).readAll();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : createUnreadableError(stateFolder ?? '', thrown);
  } finally {
    database.close();
  }
}

/** Opens the state's database to change what it has of quota. Rejects with `output_failed` where it can't be written. */
export async function openWritableStore({
  settings: { stateFolder = '' },
  warn,
}: OpenLocalQuotaOptions): Promise<QuotaStore> {
  const { database, warning } = await openDatabase(stateFolder);
  if (!database) throw new BoticelliError('output_failed', warning ?? 'there is no quota book');
  return createSqliteQuotaStore({ database, onLocked: createLockedWarning(warn) });
}
