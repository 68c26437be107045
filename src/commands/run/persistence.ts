import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import { BoticelliError } from '../../errors.js';
import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { defaultKeepMs } from '../../store/runs/prune-runs.js';
import { openRunStore, type RunStore } from '../../store/runs/run-store.js';
import { openStateDatabase, type StateDatabase, type StateFeature } from '../resources/open-database.js';
import type { RunOptions } from './options.js';

/** What a run stores, and what it reuses from earlier runs. */
export interface Persistence {
  /**
   * Opens the state database. Call it once, before the run.
   * @throws BoticelliError `output_failed` with --resume, if the database can't be used
   */
  open(options: OpenPersistenceOptions): Promise<void>;
  /** The state database; the quota store uses it too. */
  readonly stateDatabase: StateDatabase;
  /** Absent for a rehearsal or a replay, with `keep = "off"`, or if there is no state database. */
  readonly store: RunStore | undefined;
  /** Whether the current act may reuse a stored reply. True with --resume, up to the act that --from names. */
  canReuse: () => boolean;
  /**
   * Call it before each request. It waits until it is known whether replies can be stored, and a warning is printed.
   * @throws BoticelliError `output_failed` with --resume, if they can't: each --resume would pay for the same request
   */
  beforeSend: () => Promise<void>;
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
      if (keepMs === 'off' || !features.includes('runs')) return;
      if (!database && options.resume) throw createNotStorableError("the stored replies can't be read");
      if (!database) return;
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
    async beforeSend() {
      const isStorable = (await store?.isUsable()) ?? true;
      if (!isStorable && options.resume) throw createNotStorableError('the reply could not be stored');
    },
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

/** The warning before this error names the file and the cause. */
function createNotStorableError(reason: string): BoticelliError {
  return new BoticelliError('output_failed', `${reason}, so nothing was sent`, {
    hint: 'Fix the cause that the warning names. Without --resume, all replies are requested again, and none is stored.',
  });
}

/** Returns what the run needs the state database for. A rehearsal and a replay use no quota and store nothing. */
function listFeatures({ rehearse, replay, rateLimit }: RunOptions, keepMs: number | 'off'): StateFeature[] {
  if (rehearse || replay !== undefined) return [];
  return [...(rateLimit === false ? [] : (['quota'] as const)), ...(keepMs === 'off' ? [] : (['runs'] as const))];
}
