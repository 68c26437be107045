import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { openDatabase } from '../../database/open.js';
import type { CatalogueStore } from '../../gemini/models/cached-list.js';
import { type CatalogueRows, createCatalogueRows } from '../../store/caches/model-list-rows.js';

export interface CatalogueStoreOptions extends Pick<Settings, 'stateFolder'> {
  /** Tells a person, once at most, that lists can't be kept. A run need not: its quota book says the same. */
  warn?: (text: string) => void;
}

/** Keeps lists of models in the state's database, which is opened when one is first asked for. */
export function catalogueStore({ stateFolder, warn = () => {} }: CatalogueStoreOptions): CatalogueStore {
  let opened: Promise<CatalogueRows | undefined> | undefined;
  let told = false;
  const tell = (text: string) => {
    if (!told) warn(text);
    told = true;
  };
  const attempt = async <Result>(work: (rows: CatalogueRows) => Result): Promise<Result | undefined> => {
    if (stateFolder === undefined) {
      tell(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${notKept}`);
      return undefined;
    }
    opened ??= openRows(stateFolder, tell);
    try {
      const rows = await opened;
      return rows && work(rows);
    } catch (thrown) {
      tell(`${fileIn(stateFolder)} can't be used (${thrown instanceof Error ? thrown.message : thrown}): ${notKept}`);
      return undefined;
    }
  };
  // To look for what is not there, none is made.
  const isThere = stateFolder !== undefined && existsSync(fileIn(stateFolder));
  return {
    read: async (key) => (isThere ? attempt((rows) => rows.read(key)) : undefined),
    youngest: async (prefix) => (isThere ? attempt((rows) => rows.youngest(prefix)) : undefined),
    write: (key, kept) => attempt((rows) => rows.write(key, kept)),
  };
}

const notKept = 'the list of models is not kept';

function fileIn(stateFolder: string): string {
  return join(stateFolder, 'boticelli.db');
}

async function openRows(folder: string, tell: (text: string) => void): Promise<CatalogueRows | undefined> {
  const { database, warning } = await openDatabase(folder);
  if (warning !== undefined) tell(database ? warning : `${warning}: ${notKept}`);
  // A list is not worth a long wait for the lock: it blocks Ctrl-C. See open-database.ts.
  database?.pragma('busy_timeout = 200');
  return database && createCatalogueRows(database);
}
