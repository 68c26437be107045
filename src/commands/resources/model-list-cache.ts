import { existsSync } from 'node:fs';
import type { Settings } from '../../config/settings.js';
import { databasePath, openDatabase } from '../../database/open.js';
import type { ModelListStore } from '../../gemini/models/cached-list.js';
import { createModelListRows, type ModelListRows } from '../../store/caches/model-list-rows.js';

export interface ModelListStoreOptions extends Pick<Settings, 'stateFolder'> {
  /** Tells a person, once at most, that lists can't be kept. A run need not: its quota book says the same. */
  warn?: (text: string) => void;
}

/** Keeps lists of models in the state's database, which is opened when one is first asked for. */
export function createModelListStore({ stateFolder, warn = () => {} }: ModelListStoreOptions): ModelListStore {
  let opened: Promise<ModelListRows | undefined> | undefined;
  let hasWarned = false;
  const warnOnce = (text: string) => {
    if (!hasWarned) warn(text);
    hasWarned = true;
  };
  const withRows = async <Result>(work: (rows: ModelListRows) => Result): Promise<Result | undefined> => {
    if (stateFolder === undefined) {
      warnOnce(`there is no folder to keep state in (set BOTICELLI_STATE_DIR): ${notStoredMessage}`);
      return undefined;
    }
    opened ??= openRows(stateFolder, warnOnce);
    try {
      const rows = await opened;
      return rows && work(rows);
    } catch (thrown) {
      warnOnce(
        `${databasePath(stateFolder)} can't be used (${thrown instanceof Error ? thrown.message : thrown}): ${notStoredMessage}`,
      );
      return undefined;
    }
  };
  // To look for what is not there, none is made.
  const exists = stateFolder !== undefined && existsSync(databasePath(stateFolder));
  return {
    read: async (key) => (exists ? withRows((rows) => rows.read(key)) : undefined),
    readNewest: async (prefix) => (exists ? withRows((rows) => rows.newest(prefix)) : undefined),
    write: (key, modelList) => withRows((rows) => rows.write(key, modelList)),
  };
}

const notStoredMessage = 'the list of models is not kept';

async function openRows(folder: string, warnOnce: (text: string) => void): Promise<ModelListRows | undefined> {
  const { database, warning } = await openDatabase(folder);
  if (warning !== undefined) warnOnce(database ? warning : `${warning}: ${notStoredMessage}`);
  // A list is not worth a long wait for the lock: it blocks Ctrl-C. See open-database.ts.
  database?.pragma('busy_timeout = 200');
  return database && createModelListRows(database);
}
