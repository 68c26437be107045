import { join } from 'node:path';
import { lockedWarning } from '../../cli/warnings.js';
import type { Settings } from '../../config/settings.js';
import { openDatabase } from '../../database/open.js';
import { openForReading, unreadable } from '../../database/read.js';
import type { Clock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { createLeaseGate } from '../../quota/limiter/concurrency-leases.js';
import { createModelQueue, type ModelQueue } from '../../quota/limiter/model-queue.js';
import type { Page } from '../../quota/limiter/model-state.js';
import { createQuotaBook } from '../../quota/limiter/rate-limiter.js';
import type { RedisConnection } from '../../quota/redis/connection.js';
import type { Quota } from '../../quota/redis/shared-limiter.js';
import { forgiving } from '../../quota/stores/fallback-store.js';
import { createMemoryKeeper } from '../../quota/stores/memory-store.js';
import type { Keeper } from '../../quota/stores/quota-store.js';
import { createSqliteKeeper } from '../../quota/stores/sqlite-store.js';
import type { PlaceOfBook } from '../../terminal/reports/limits.js';
import type { State } from './open-database.js';

/** What it takes to look into this machine's book. */
export interface OpenBookOptions {
  settings: Settings;
  /** Tells a person what they should know of the book, a line each. */
  warn: (text: string) => void;
}

export interface OpenQuotaOptions extends OpenBookOptions {
  clock: Clock;
}

/** With it the state's database, opened already. */
export interface QuotaOptions extends OpenQuotaOptions {
  state: State;
  /** Bounds the wait for a place at the gate. */
  maxWaitMs?: number | undefined;
}

/** What a run's requests are admitted by. */
export interface RunQuota extends Quota {
  queue: ModelQueue;
  /** Where the shared book is, or the one that stands in for it; absent where settings name no Redis. */
  whose?: () => PlaceOfBook;
}

/**
 * Opens the book that requests are booked in: in Redis where settings name one, else on this machine. Connecting to Redis
 * begins first, and goes on while the rest is loaded. `maxWaitMs` bounds the wait for a place at the gate.
 */
export async function openQuota(options: QuotaOptions): Promise<RunQuota> {
  const { settings, clock, maxWaitMs } = options;
  const { project, limitsFor, budget, rateWindowMs: windowMs } = settings;
  const connection = await connected(options);
  const keeper = openKeeper(options);
  const patience = maxWaitMs === undefined ? {} : { maxWaitMs };
  const common = { keeper, clock, project, limitsFor, budget, windowMs, ...patience };
  const queue = createModelQueue({ limitsFor });
  if (!connection) return { book: createQuotaBook(common), gate: createLeaseGate(common), queue };
  const { createSharedQuota } = await import('../../quota/redis/shared-limiter.js');
  return {
    ...createSharedQuota({ ...common, connection }),
    queue,
    whose: () => placeOfBook(settings, connection.isAway() ? undefined : connection.host),
  };
}

/** Where the book is, as it is shown: in Redis, by host and port, or in a file, if there is a folder for one. */
export function placeOfBook({ stateFolder }: Settings, redis: string | undefined): PlaceOfBook {
  if (redis !== undefined) return { redis };
  return stateFolder === undefined ? {} : { file: join(stateFolder, 'boticelli.db') };
}

/** Begins to connect to the Redis that settings name, if any; tells when it is missed, and when it is back. */
async function connected(
  { settings: { redisUrl: url }, clock, warn }: OpenQuotaOptions,
  patienceMs?: number,
): Promise<RedisConnection | undefined> {
  if (url === undefined) return undefined;
  const { connectRedis } = await import('../../quota/redis/connection.js');
  const connection = connectRedis({
    ...{ url, clock, ...(patienceMs !== undefined && { patienceMs }) },
    onAway: (reason) =>
      warn(`Redis at ${connection.host} is away (${reason}): quota is counted on this machine until it is back`),
    onBack: () => warn(`Redis at ${connection.host} is back: quota is shared again`),
  });
  return connection;
}

/** What keeps this machine's book: the state's database, or this process's memory where that can't be had. */
function openKeeper({ state: { database, failed }, warn }: QuotaOptions): Keeper {
  if (!database) return createMemoryKeeper();
  return forgiving({
    keeper: createSqliteKeeper({ database, onLocked: lockedWarning(warn) }),
    onFailure: (thrown) => failed('quota', thrown),
  });
}

/** Everything that is known of quota, and whose word it is. */
export interface ReadQuota {
  pages: Map<string, Page>;
  /** By the clock of those who wrote the pages. */
  now: number;
  /** Host and port of the Redis that was read; absent where it was this machine's book. */
  redis?: string;
}

/**
 * Reads the book that requests are booked in, and writes nothing: in Redis where settings name one that is there, else on
 * this machine. Rejects with `no_input` where that can't be read.
 */
export async function readQuota(options: OpenQuotaOptions): Promise<ReadQuota> {
  const { clock } = options;
  const pages = await inRedis(options, async (keeper, { host, clock: theirs }) => ({
    ...{ pages: await keeper.pages(), now: theirs.now(), redis: host },
  }));
  return pages ?? { pages: await readPages(options), now: clock.now() };
}

/**
 * Has a command that is about the book do its work in Redis, where settings name one that is there: for that it waits
 * longer than a run does. Resolves to undefined where there is none; that one is away is told.
 */
export async function inRedis<Result>(
  options: OpenQuotaOptions,
  work: (keeper: Keeper, connection: RedisConnection) => Promise<Result>,
): Promise<Result | undefined> {
  const connection = await connected(options, 3000);
  if (!connection) return undefined;
  const [{ RedisAway }, { createRedisKeeper }] = await Promise.all([
    import('../../quota/redis/connection.js'),
    import('../../quota/redis/redis-store.js'),
  ]);
  try {
    return await work(createRedisKeeper({ connection }), connection);
  } catch (thrown) {
    if (thrown instanceof RedisAway) return undefined;
    throw thrown;
  } finally {
    connection.close();
  }
}

/** Reads this machine's book; where there is none, none is made. */
export async function readPages({ settings: { stateFolder }, warn }: OpenBookOptions): Promise<Map<string, Page>> {
  const database = stateFolder === undefined ? undefined : await openForReading(stateFolder);
  if (!database) return new Map();
  try {
    return await createSqliteKeeper({ database, onLocked: lockedWarning(warn) }).pages();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : unreadable(stateFolder ?? '', thrown);
  } finally {
    database.close();
  }
}

/** Opens the state's database to change what it has of quota. Rejects with `output_failed` where it can't be written. */
export async function openToChange({ settings: { stateFolder = '' }, warn }: OpenBookOptions): Promise<Keeper> {
  const { database, warning } = await openDatabase(stateFolder);
  if (!database) throw new BoticelliError('output_failed', warning ?? 'there is no quota book');
  return createSqliteKeeper({ database, onLocked: lockedWarning(warn) });
}
