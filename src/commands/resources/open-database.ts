import { statSync } from 'node:fs';
import { join } from 'node:path';
import { lockedWarning } from '../../cli/warnings.js';
import type { Settings } from '../../config/settings.js';
import { type Database, openDatabase, setAside } from '../../database/open.js';
import { isBusy, isDamage, reasonOf } from '../../database/sqlite-error.js';

/** What a command has of the state's database: `quota` the quota book, `runs` what is kept for --resume and `runs`. */
export type StatePart = 'quota' | 'runs';

const without: Record<StatePart, string> = {
  quota: 'quota is counted for this run alone',
  runs: 'nothing is kept for --resume',
};

/** The state's database, opened once a run for all that use it. */
export interface State {
  /** Absent where the run must go on without, which has been told. */
  database?: Database.Database;
  /** To be told what a part can't do without any more. A person is told once, for all parts that will fail alike. */
  failed(part: StatePart, thrown: unknown): void;
}

export interface OpenStateOptions {
  settings: Pick<Settings, 'stateFolder'>;
  /** What is to be done with it. */
  parts: readonly StatePart[];
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
}

/** Opens the state's database. Where it can't be had, that is told; rejects with
 * `output_failed` only for one that stays locked: what it forbids can't be known. */
export async function openState({ settings: { stateFolder }, parts, warn }: OpenStateOptions): Promise<State> {
  const all = parts.map((part) => without[part]).join(', and ');
  if (stateFolder === undefined) {
    warn(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${all}`);
    return { failed: () => {} };
  }
  const { database, warning } = await openDatabase(stateFolder, {
    onLocked: lockedWarning(warn),
  });
  if (warning !== undefined) warn(database ? warning : `${warning}: ${all}`);
  const path = join(stateFolder, 'boticelli.db');
  const file = database && fileOf(path);
  const told = new Set<StatePart>();
  return {
    ...(database && { database }),
    failed(part, thrown) {
      if (told.has(part)) return;
      // Who keeps a lock for long bothers whoever happens to need it; anything else is the file's or the disk's fault.
      const concerned = isBusy(thrown) ? [part] : parts;
      for (const each of concerned) told.add(each);
      const words = concerned.map((each) => without[each]).join(', and ');
      warn(
        `${path} ${isDamage(thrown) ? damageWords(path, file) : `can't be used any more (${reasonOf(thrown)})`}: ${words}`,
      );
    },
  };
}

/** The next run begins a new file; another process may have begun it already. */
function damageWords(path: string, file: number | undefined): string {
  try {
    if (fileOf(path) !== file) return 'was damaged and has been replaced';
    return `was damaged; it is now ${setAside(path)}`;
  } catch {
    return "is damaged and can't be set aside";
  }
}

/** Which file has the name now. */
function fileOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
