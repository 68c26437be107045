import type { Settings } from '../config/settings.js';
import type { Clock } from '../driver/clock.js';
import type { Keeper } from '../quota/keeper.js';

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
  const [{ openDatabase }, { createSqliteKeeper }, { createMemoryKeeper }, { forgiving }] = await Promise.all([
    import('../store/open-database.js'),
    import('../quota/sqlite-keeper.js'),
    import('../quota/memory-keeper.js'),
    import('../quota/forgiving-keeper.js'),
  ]);
  const alone = 'quota is counted for this run alone';
  if (stateFolder === undefined) {
    warn(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${alone}`);
    return createMemoryKeeper();
  }
  const { database, warning } = await openDatabase(stateFolder);
  if (warning !== undefined) warn(database ? warning : `${warning}: ${alone}`);
  if (!database) return createMemoryKeeper();
  const onLocked = () => warn('another program keeps the quota book locked: waiting for it');
  return forgiving({
    keeper: createSqliteKeeper({ database, clock, onLocked }),
    onFailure: (reason) => warn(`the quota book can't be written any more (${reason}): ${alone}`),
  });
}
