import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { defaultKeepMs } from '../../store/runs/prune-runs.js';
import { openRunStore, type RunStore } from '../../store/runs/run-store.js';
import { openStateDatabase, type StateDatabase, type StateFeature } from '../resources/open-database.js';
import type { RunOptions } from './run.js';

/** What a run keeps and what it may take from earlier ones; and the state's database, which the quota book is in too. */
export interface Persistence {
  /** To be called once, before the run. */
  open(options: OpenPersistenceOptions): Promise<void>;
  readonly stateDatabase: StateDatabase;
  /** Absent where nothing is kept: a rehearsal, `keep = "off"`, a state that can't be used. */
  readonly store: RunStore | undefined;
  /** Whether the act that is playing may take an earlier run's reply: with --resume, until the act of --from. */
  canReuse: () => boolean;
  /** A listener that keeps what happens before it is told on. */
  wrapListener(next: Listener): Listener;
  /** Whether another run could take replies from this one. */
  readonly isResumable: boolean;
}

type Listener = (event: NarrativeEvent) => void | Promise<void>;

/** What is known of the run when it begins. */
export interface OpenPersistenceOptions {
  settings: Settings;
  /** The narrative's name, the file's path (absent for standard input), and the text in it. */
  narrative: string;
  file: string | undefined;
  text: string;
  /** Tells a person what they should know, a line each. */
  warn: (text: string) => void;
}

/**
 * Opens nothing yet.
 * @param openDatabaseOnce opens the state, or hands out what another narrative of this process opened
 */
export function createPersistence(options: RunOptions, openDatabaseOnce = openStateDatabase): Persistence {
  let stateDatabase: StateDatabase = { reportFailure: () => {} };
  let store: RunStore | undefined;
  let isReusing = options.resume === true;
  return {
    async open({ settings, narrative, file, text, warn }) {
      const { keepMs = defaultKeepMs } = settings;
      const features = listFeatures(options, keepMs);
      if (options.resume && keepMs === 'off') warn('[store] keep is "off": nothing is kept that could be resumed');
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
      // The end of an act is waited for: before the next one is asked, this one is kept and told.
      return event.type === 'act-end' ? Promise.all([stored, handled]).then(() => {}) : undefined;
    },
    get isResumable() {
      return (store?.reusableReplyCount ?? 0) > 0;
    },
  };
}

/** What the run needs the state for. A rehearsal and a replay spend nothing and leave nothing behind. */
function listFeatures({ rehearse, replay, rateLimit }: RunOptions, keepMs: number | 'off'): StateFeature[] {
  if (rehearse || replay !== undefined) return [];
  return [...(rateLimit === false ? [] : (['quota'] as const)), ...(keepMs === 'off' ? [] : (['runs'] as const))];
}
