import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import type { NarrativeEvent } from '../../executor/event.js';
import { defaultKeepMs } from '../../store/runs/prune.js';
import { openRunStore, type RunStore } from '../../store/runs/run-store.js';
import { openState, type State, type StatePart } from '../resources/open-database.js';
import type { RunOptions } from './run.js';

/** What a run keeps and what it may take from earlier ones; and the state's database, which the quota book is in too. */
export interface Keeping {
  /** To be called once, before the run. */
  open(opening: Opening): Promise<void>;
  readonly state: State;
  /** Absent where nothing is kept: a rehearsal, `keep = "off"`, a state that can't be used. */
  readonly store: RunStore | undefined;
  /** Whether the act that is playing may take an earlier run's reply: with --resume, until the act of --from. */
  mayReuse: () => boolean;
  /** A listener that keeps what happens before it is told on. */
  heardWith(next: Listener): Listener;
  /** Whether another run could take replies from this one. */
  readonly isResumable: boolean;
}

type Listener = (event: NarrativeEvent) => void | Promise<void>;

/** What is known of the run when it begins. */
export interface Opening {
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
 * @param openOnce opens the state, or hands out what another narrative of this process opened
 */
export function createKeeping(options: RunOptions, openOnce = openState): Keeping {
  let state: State = { failed: () => {} };
  let store: RunStore | undefined;
  let reuses = options.resume === true;
  return {
    async open({ settings, narrative, file, text, warn }) {
      const { keepMs = defaultKeepMs } = settings;
      const parts = partsOf(options, keepMs);
      if (options.resume && keepMs === 'off') warn('[store] keep is "off": nothing is kept that could be resumed');
      if (parts.length === 0) return;
      state = await openOnce({ settings, parts, warn });
      const { database, failed } = state;
      if (!database || keepMs === 'off' || !parts.includes('runs')) return;
      const origin = { fileHash: createHash('sha256').update(text).digest('hex'), ...(file !== undefined && { file }) };
      const onFailure = (thrown: unknown) => failed('runs', thrown);
      store = openRunStore({ database, narrative, origin, keepMs, now: Date.now, onFailure });
    },
    get state() {
      return state;
    },
    get store() {
      return store;
    },
    mayReuse: () => reuses,
    heardWith: (next) => (event) => {
      if (event.type === 'act-start' && event.act === options.from) reuses = false;
      const kept = store?.onEvent(event);
      const told = next(event);
      // The end of an act is waited for: before the next one is asked, this one is kept and told.
      return event.type === 'act-end' ? Promise.all([kept, told]).then(() => {}) : undefined;
    },
    get isResumable() {
      return (store?.keptReplies ?? 0) > 0;
    },
  };
}

/** What the run needs the state for. A rehearsal and a replay spend nothing and leave nothing behind. */
function partsOf({ rehearse, replay, rateLimit }: RunOptions, keepMs: number | 'off'): StatePart[] {
  if (rehearse || replay !== undefined) return [];
  return [...(rateLimit === false ? [] : (['quota'] as const)), ...(keepMs === 'off' ? [] : (['runs'] as const))];
}
