import { createLockedWarning } from '../../cli/stderr.js';
import type { Settings } from '../../config/settings.js';
import { type Database, databasePath, getInode, moveDamagedFile, openDatabase } from '../../database/open.js';
import { describeSqliteError, isBusy, isCorrupt } from '../../database/sqlite-error.js';

/** A use of the state database: `quota` is the quota store; `runs` is the run history and the stored replies. */
export type StateFeature = 'quota' | 'runs';

/** What happens to each feature without the database, as a clause for a warning. */
const lossMessages: Record<StateFeature, string> = {
  quota: 'quota is counted for this run only',
  runs: 'no replies are stored for --resume',
};

/** The state database, opened once per command for all features. */
export interface StateDatabase {
  /** Absent if the database can't be used. A warning has already been printed in that case. */
  database?: Database.Database;
  /** Warns that a feature has failed. Features that fail for the same reason share one warning. */
  reportFailure(feature: StateFeature, thrown: unknown): void;
}

interface OpenStateDatabaseOptions {
  settings: Pick<Settings, 'stateFolder'>;
  /** The features for which the command uses the database. */
  features: readonly StateFeature[];
  warn: (text: string) => void;
}

/**
 * Opens the state database. If it can't be used, warns and returns no database.
 *
 * @throws BoticelliError `output_failed` if another process keeps the database locked
 */
export async function openStateDatabase(options: OpenStateDatabaseOptions): Promise<StateDatabase> {
  const { features, warn, settings } = options;
  const { stateFolder } = settings;
  if (stateFolder === undefined) {
    warn(`no state folder (set BOTICELLI_STATE_DIR): ${describeLoss(features)}`);
    return { reportFailure: () => {} };
  }
  const { database, warning } = await openDatabase(stateFolder, { onLocked: createLockedWarning(warn) });
  if (warning !== undefined) warn(database ? warning : `${warning}: ${describeLoss(features)}`);
  const path = databasePath(stateFolder);
  const inode = database && getInode(path);
  const reported = new Set<StateFeature>();
  return {
    ...(database && { database }),
    reportFailure(feature, thrown) {
      if (reported.has(feature)) return;
      // A lock affects only the feature that was waiting. Any other error concerns the file or disk, so it affects all.
      const affected = isBusy(thrown) ? [feature] : features;
      for (const name of affected) reported.add(name);
      const reason = isCorrupt(thrown)
        ? moveAndDescribeDamage(path, inode)
        : `can no longer be used (${describeSqliteError(thrown)})`;
      warn(`${path} ${reason}: ${describeLoss(affected)}`);
    },
  };
}

/** Describes what happens to the features without the database, as clauses for a warning. */
function describeLoss(features: readonly StateFeature[]): string {
  return features.map((feature) => lossMessages[feature]).join(', and ');
}

/** Renames the damaged file, so that the next run creates a new one, and returns a description of what happened. */
function moveAndDescribeDamage(path: string, inode: number | undefined): string {
  try {
    return moveDamagedFile(path, inode);
  } catch {
    return "is damaged and can't be renamed";
  }
}
