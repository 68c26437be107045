import type { Settings } from '../config/settings.js';
import type { Clock } from '../driver/clock.js';
import { systemClock } from '../driver/clock.js';
import type { Gate } from '../driver/gate.js';
import { BoticelliError } from '../errors.js';
import { forgiving } from '../quota/forgiving-keeper.js';
import type { Keeper } from '../quota/keeper.js';
import { createLeaseGate } from '../quota/lease-gate.js';
import { createMemoryKeeper } from '../quota/memory-keeper.js';
import { createModelQueue, type ModelQueue } from '../quota/model-queue.js';
import type { Page } from '../quota/page.js';
import { createQuotaBook, type QuotaBook } from '../quota/quota-book.js';
import { createSqliteKeeper } from '../quota/sqlite-keeper.js';
import { openDatabase } from '../store/open-database.js';
import { openForReading, unreadable } from '../store/read-database.js';
import type { State } from './open-state.js';

export interface OpenKeeperOptions extends Omit<OpenQuotaOptions, 'settings'> {
  state: State;
}

export interface OpenQuotaOptions {
  settings: Settings;
  clock: Clock;
  /** Tells a person what they should know of the book, a line each. */
  warn: (text: string) => void;
}

/** What lets requests through when there is quota for them. */
export interface Quota {
  book: QuotaBook;
  gate: Gate;
  queue: ModelQueue;
}

export interface QuotaOptions extends Omit<OpenKeeperOptions, 'clock'> {
  settings: Settings;
}

/** The quota of the settings' project, for all that this process sends. */
export function openQuota({ settings, state, warn }: QuotaOptions): Quota {
  const clock = systemClock;
  if (settings.redisUrl !== undefined)
    warn('this version does not share quota through Redis: it counts on this machine');
  const keeper = openKeeper({ state, clock, warn });
  const { project, limitsFor, budget, rateWindowMs } = settings;
  return {
    book: createQuotaBook({ keeper, clock, project, budget, windowMs: rateWindowMs }),
    gate: createLeaseGate({ keeper, clock, project, limitsFor }),
    queue: createModelQueue({ limitsFor }),
  };
}

/** What keeps the quota book: the state's database, or this process's memory where that can't be had. */
export function openKeeper({ state: { database, failed }, clock, warn }: OpenKeeperOptions): Keeper {
  if (!database) return createMemoryKeeper();
  return forgiving({
    keeper: createSqliteKeeper({ database, clock, onLocked: lockedWarning(warn) }),
    onFailure: (thrown) => failed('quota', thrown),
  });
}

/**
 * Reads everything that the state's database has of quota, and writes nothing: where there is none, none is made.
 * Rejects with `no_input` where there is one that can't be read.
 */
export async function readPages({
  settings: { stateFolder },
  clock,
  warn,
}: OpenQuotaOptions): Promise<Map<string, Page>> {
  const database = stateFolder === undefined ? undefined : await openForReading(stateFolder);
  if (!database) return new Map();
  try {
    return await createSqliteKeeper({ database, clock, onLocked: lockedWarning(warn) }).pages();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : unreadable(stateFolder ?? '', thrown);
  } finally {
    database.close();
  }
}

/** Opens the state's database to change what it has of quota. Rejects with `output_failed` where it can't be written. */
export async function openToChange({ settings: { stateFolder = '' }, clock, warn }: OpenQuotaOptions): Promise<Keeper> {
  const { database, warning } = await openDatabase(stateFolder);
  if (!database) throw new BoticelliError('output_failed', warning ?? 'there is no quota book');
  return createSqliteKeeper({ database, clock, onLocked: lockedWarning(warn) });
}

function lockedWarning(warn: OpenQuotaOptions['warn']): () => void {
  return () => warn('another program keeps the quota book locked: waiting for it');
}
