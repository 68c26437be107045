import { existsSync } from 'node:fs';
import type { Settings } from '../../config/settings.js';
import { databasePath, openDatabase } from '../../database/open.js';
import type { ModelListStore } from '../../gemini/models/cached-list.js';
import { createModelListQueries, type ModelListQueries } from '../../store/caches/model-list-queries.js';

interface ModelListStoreOptions extends Pick<Settings, 'stateFolder'> {
  /**
   * Called at most once, if lists can't be cached. A run omits it, because opening the quota store reports the same
   * problem.
   */
  warn?: (text: string) => void;
}

/** Stores model lists in the state database, which is opened on first use. */
export function createModelListStore({ stateFolder, warn = () => {} }: ModelListStoreOptions): ModelListStore {
  let opened: Promise<ModelListQueries | undefined> | undefined;
  let hasWarned = false;
  const warnOnce = (text: string) => {
    if (!hasWarned) warn(text);
    hasWarned = true;
  };
  const withQueries = async <Result>(work: (queries: ModelListQueries) => Result): Promise<Result | undefined> => {
    if (stateFolder === undefined) {
      warnOnce(`no state folder (set BOTICELLI_STATE_DIR): ${notStoredMessage}`);
      return undefined;
    }
    opened ??= openModelListQueries(stateFolder, warnOnce);
    try {
      const queries = await opened;
      return queries && work(queries);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : thrown;
      warnOnce(`${databasePath(stateFolder)} can't be used (${reason}): ${notStoredMessage}`);
      return undefined;
    }
  };
  // Reading does not create a database.
  const exists = stateFolder !== undefined && existsSync(databasePath(stateFolder));
  return {
    read: async (key) => (exists ? withQueries((queries) => queries.read(key)) : undefined),
    readNewest: async (prefix) => (exists ? withQueries((queries) => queries.readNewest(prefix)) : undefined),
    write: (key, modelList) => withQueries((queries) => queries.write(key, modelList)),
  };
}

const notStoredMessage = 'the model list is not cached';

async function openModelListQueries(
  folder: string,
  warnOnce: (text: string) => void,
): Promise<ModelListQueries | undefined> {
  const { database, warning } = await openDatabase(folder);
  if (warning !== undefined) warnOnce(database ? warning : `${warning}: ${notStoredMessage}`);
  // SQLite blocks Ctrl-C while it waits for a lock. The wait is kept short: the program works without a cached list.
  database?.pragma('busy_timeout = 200');
  return database && createModelListQueries(database);
}
