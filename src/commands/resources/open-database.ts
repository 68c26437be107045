import { statSync } from 'node:fs';
import { createLockedWarning } from '../../cli/warnings.js';
import type { Settings } from '../../config/settings.js';
import { type Database, databasePath, moveDamagedFile, openDatabase } from '../../database/open.js';
import { describeSqliteError, isBusy, isCorrupt } from '../../database/sqlite-error.js';

/** What a command has of the state's database: `quota` the quota book, `runs` what is kept for --resume and `runs`. */
export type StateFeature = 'quota' | 'runs';

const withoutMessages: Record<StateFeature, string> = {
  quota: 'quota is counted for this run alone',
  runs: 'nothing is kept for --resume',
};

/** The state's database, opened once a run for all that use it. */
export interface StateDatabase {
  /** Absent where the run must go on without, which has been told. */
  database?: Database.Database;
  /** To be told what a part can't do without any more. A person is told once, for all parts that will fail alike. */
  reportFailure(feature: StateFeature, thrown: unknown): void;
}

export interface OpenStateDatabaseOptions {
  settings: Pick<Settings, 'stateFolder'>;
  /** What is to be done with it. */
  features: readonly StateFeature[];
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
}

/** Opens the state's database. Where it can't be had, that is told; rejects with
 * `output_failed` only for one that stays locked: what it forbids can't be known. */
export async function openStateDatabase({
  settings: { stateFolder },
  features,
  warn,
}: OpenStateDatabaseOptions): Promise<StateDatabase> {
  const withoutAllMessage = features.map((feature) => withoutMessages[feature]).join(', and ');
  if (stateFolder === undefined) {
    warn(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${withoutAllMessage}`);
    return { reportFailure: () => {} };
  }
  const { database, warning } = await openDatabase(stateFolder, {
    onLocked: createLockedWarning(warn),
  });
  if (warning !== undefined) warn(database ? warning : `${warning}: ${withoutAllMessage}`);
  const path = databasePath(stateFolder);
  const inode = database && getInode(path);
  const reported = new Set<StateFeature>();
  return {
    ...(database && { database }),
    reportFailure(feature, thrown) {
      if (reported.has(feature)) return;
      // Who keeps a lock for long bothers whoever happens to need it; anything else is the file's or the disk's fault.
      const affected = isBusy(thrown) ? [feature] : features;
      for (const feature of affected) reported.add(feature);
      const message = affected.map((feature) => withoutMessages[feature]).join(', and ');
      warn(
        `${path} ${isCorrupt(thrown) ? describeDamage(path, inode) : `can't be used any more (${describeSqliteError(thrown)})`}: ${message}`,
      );
    },
  };
}

/** The next run begins a new file; another process may have begun it already. */
function describeDamage(path: string, inode: number | undefined): string {
  try {
    if (getInode(path) !== inode) return 'was damaged and has been replaced';
    return `was damaged; it is now ${moveDamagedFile(path)}`;
  } catch {
    return "is damaged and can't be set aside";
  }
}

/** Which file has the name now. */
function getInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
