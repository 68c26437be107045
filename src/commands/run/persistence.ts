import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { defaultKeepMs } from '../../store/runs/prune-runs.js';
import { openRunStore, type RunStore } from '../../store/runs/run-store.js';
import { openStateDatabase, type StateDatabase, type StateFeature } from '../resources/open-database.js';
import type { RunOptions } from './options.js';

/** What a run stores, and what it reuses from earlier runs. */
export interface Persistence {
  /** Opens the state database. Call it once, before the run. */
  open(options: OpenPersistenceOptions): Promise<void>;
  /** The state database; the quota store uses it too. */
  readonly stateDatabase: StateDatabase;
  /** Absent for a rehearsal or a replay, with `keep = "off"`, or if there is no state database. */
  readonly store: RunStore | undefined;
  /** Whether the current act may reuse a stored reply. True with --resume, up to the act that --from names. */
  canReuse: () => boolean;
  /** Returns a listener that stores each event and passes it to `next`. Awaits both at the end of an act. */
  wrapListener(next: Listener): Listener;
  /** Whether a later run can reuse replies of this run. */
  readonly isResumable: boolean;
}

type Listener = (event: NarrativeEvent) => void | Promise<void>;

interface OpenPersistenceOptions {
  settings: Settings;
  /** The name of the narrative. */
  narrative: string;
  /** The path of its file; undefined for standard input. */
  file: string | undefined;
  /** The text of its file. */
  text: string;
  warn: (text: string) => void;
}

/** @param openDatabaseOnce opens the state database, or returns the one that another narrative has opened */
export function createPersistence(options: RunOptions, openDatabaseOnce = openStateDatabase): Persistence {
  let stateDatabase: StateDatabase = { reportFailure: () => {} };
  let store: RunStore | undefined;
  let isReusing = options.resume === true;
  return {
    async open({ settings, narrative, file, text, warn }) {
      const { keepMs = defaultKeepMs } = settings;
      const features = listFeatures(options, keepMs);
      if (options.resume && keepMs === 'off') warn('[store] keep is "off": there are no stored replies to resume from');
      if (features.length === 0) return;
      stateDatabase = await openDatabaseOnce({ settings, features, warn });
      const { database, reportFailure } = stateDatabase;
      if (!database || keepMs === 'off' || !features.includes('runs')) return;
      const origin = { fileHash: createHash('sha256').update(text).digest('hex'), ...(file !== undefined && { file }) };
      const onFailure = (thrown: unknown) => reportFailure('runs', thrown);
      store = openRunStore({ database, narrative, origin, keepMs, now: Date.now, onFailure });
    },
    get stateDatabase() {
      return stateDatabase;
    },
    get store() {
      return store;
    },
    canReuse: () => isReusing,
    wrapListener: (next) => (event) => {
      if (event.type === 'act-start' && event.act === options.from) isReusing = false;
      const stored = store?.onEvent(event);
      const handled = next(event);
      // The next act starts only after this promise resolves.
      return event.type === 'act-end' ? Promise.all([stored, handled]).then(() => {}) : undefined;
    },
    get isResumable() {
      return (store?.reusableReplyCount ?? 0) > 0;
    },
  };
}

/** Returns what the run needs the state database for. A rehearsal and a replay use no quota and store nothing. */
function listFeatures({ rehearse, replay, rateLimit }: RunOptions, keepMs: number | 'off'): StateFeature[] {
  if (rehearse || replay !== undefined) return [];
  return [...(rateLimit === false ? [] : (['quota'] as const)), ...(keepMs === 'off' ? [] : (['runs'] as const))];
}
