import type { Settings } from '../config/settings.js';
import type { Clock } from '../driver/clock.js';
import { BoticelliError } from '../errors.js';
import { forgiving } from '../quota/forgiving-keeper.js';
import type { Keeper } from '../quota/keeper.js';
import { createMemoryKeeper } from '../quota/memory-keeper.js';
import type { Page } from '../quota/page.js';
import { createSqliteKeeper } from '../quota/sqlite-keeper.js';
import { openDatabase } from '../store/open-database.js';
import { openForReading, unreadable } from '../store/read-database.js';

export interface OpenQuotaOptions {
  settings: Settings;
  clock: Clock;
  /** Tells a person what they should know of the book, a line each. */
  warn: (text: string) => void;
}

/**
 * Opens what keeps the quota book: the state's database, or this process's memory where that can't be had, which is
 * told.
 */
export async function openKeeper({ settings: { stateFolder }, clock, warn }: OpenQuotaOptions): Promise<Keeper> {
  const alone = 'quota is counted for this run alone';
  if (stateFolder === undefined) {
    warn(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${alone}`);
    return createMemoryKeeper();
  }
  const { database, warning } = await openDatabase(stateFolder, { onLocked: lockedWarning(warn) });
  if (warning !== undefined) warn(database ? warning : `${warning}: ${alone}`);
  if (!database) return createMemoryKeeper();
  return forgiving({
    keeper: createSqliteKeeper({ database, clock, onLocked: lockedWarning(warn) }),
    onFailure: (reason) => warn(`the quota book can't be written any more (${reason}): ${alone}`),
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
