import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import type { RowIdentity } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import type { ActDetail } from '../../executor/acts/act-details.js';
import type { NarrativeEnd, NarrativeEvent, NarrativeStart } from '../../executor/narrative-events.js';
import type { PlannedAct } from '../../executor/plan-acts.js';
import { defaultKeepMs } from '../../store/runs/prune-runs.js';
import type { RowEntry, RowsOrigin, RowTotals } from '../../store/runs/row-runs.js';
import { openRunStore, type RowHistory, type RunStore } from '../../store/runs/run-store.js';
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
  /**
   * Absent for a rehearsal or a replay, with `keep = "off"`, or if the state database can't be used
   * (`stateDatabase.database` is absent).
   */
  readonly store: RunStore | undefined;
  /**
   * Whether the act with this index may reuse a stored reply. With --resume, every act may. If --from
   * names an act, only those before it may. This holds for every row alike.
   */
  canReuse: (rowIdentity?: RowIdentity, index?: number) => boolean;
  /**
   * Waits until it is known whether replies can be stored. Call this before each request.
   * @throws BoticelliError `output_failed` with --resume, if replies can't be stored: otherwise each --resume would pay
   *   for the same request again. Without --resume, a warning is enough.
   */
  assertStoreWorks: () => Promise<void>;
  /**
   * Returns a listener that stores each event and each detail, and passes it to `next`. At the end of an act, the
   * listener waits until the event is stored and `next` has handled the event.
   */
  wrapListener(next: RunListener): RunListener;
  /** Like `wrapListener`, for one row: stores the events and details in the row's own entry in the history. */
  wrapRowListener(row: RowEntry, next: RunListener): RunListener;
  /** Starts the entry of a run with `--each` or `--matrix` in the history. Call it after `open`. */
  startHistoryEntry(start: NarrativeStart, origin: RowsOrigin): void;
  /** Completes the entry that `startHistoryEntry` started. */
  endHistoryEntry(end: NarrativeEnd, totals: RowTotals): Promise<void>;
  /** Whether a later run can reuse replies of this run. */
  readonly isResumable: boolean;
}

/** Receives the events of a run, and the details of its acts. */
interface RunListener {
  onEvent(event: NarrativeEvent): void | Promise<void>;
  onDetail(detail: ActDetail): void;
}

interface OpenPersistenceOptions {
  settings: Settings;
  /** The name of the narrative. */
  narrative: string;
  /** The path of its file; undefined for standard input. */
  file: string | undefined;
  /** The text of its file. */
  narrativeText: string;
  /** The variables of the command line. */
  vars?: ReadonlyMap<string, string>;
  planned: readonly PlannedAct[];
  /**
   * With `--each` or `--matrix`: whether a row of this command has this id. An edited row has a new id, and its reply
   * is stored under the old id. No row of this command has the old id. So a row without a stored reply may use the
   * reply to an equal request, if no row of this command has the id of that reply.
   */
  isRowOfThisCommand?: ((rowId: string) => boolean) | undefined;
  warn: (text: string) => void;
}

/**
 * Creates the persistence of a run. It stores nothing before `open`.
 * @param openDatabaseOnce opens the state database, or returns the one that another narrative has opened
 */
export function createPersistence(options: RunOptions, openDatabaseOnce = openStateDatabase): Persistence {
  let stateDatabase: StateDatabase = { reportFailure: () => {} };
  let store: RunStore | undefined;
  /** The index of the first act whose reply must not be reused. */
  let firstRequestedIndex = options.resume ? Number.POSITIVE_INFINITY : 0;
  return {
    async open({ settings, narrative, file, narrativeText, planned, vars, isRowOfThisCommand, warn }) {
      if (options.from !== undefined) firstRequestedIndex = findFirstActIndex(planned, options.from);
      const { keepMs = defaultKeepMs, keepsPrompts = false } = settings;
      const features = listFeatures(options, keepMs);
      if (options.resume && keepMs === 'off') warn('[store] keep is "off": there are no stored replies to resume from');
      if (features.length === 0) return;
      stateDatabase = await openDatabaseOnce({ settings, features, warn });
      const { database, reportFailure } = stateDatabase;
      if (keepMs === 'off' || !features.includes('runs')) return;
      if (!database && options.resume) throw createStoreError("the stored replies can't be read, so nothing was sent");
      if (!database) return;
      const fileHash = createHash('sha256').update(narrativeText).digest('hex');
      const origin = { fileHash, ...(file !== undefined && { file }) };
      const onFailure = (thrown: unknown) => reportFailure('runs', thrown);
      const runDetails = { origin, keepsPrompts, ...(vars?.size && { vars: Object.fromEntries(vars) }) };
      const storeOptions = { database, narrative, isRowOfThisCommand, keepMs, now: Date.now, onFailure };
      store = openRunStore({ ...storeOptions, ...runDetails });
    },
    get stateDatabase() {
      return stateDatabase;
    },
    get store() {
      return store;
    },
    canReuse: (_rowIdentity, index = 0) => index < firstRequestedIndex,
    async assertStoreWorks() {
      const hasStoreFailed = (await store?.hasFailed()) ?? false;
      if (hasStoreFailed && options.resume)
        throw createStoreError('the request was not sent, because its reply could not be stored');
    },
    wrapListener: (next) => createStoringListener((event) => store?.onEvent(event), next),
    ...createRowPersistence(() => store),
    get isResumable() {
      return (store?.storedOrReusedCount ?? 0) > 0;
    },
  };
}

/** Returns the index of an act; if the act runs a nested narrative, the index of the first act of that narrative. */
function findFirstActIndex(planned: readonly PlannedAct[], act: string): number {
  const index = planned.findIndex(({ name }) => name === act);
  return index === -1 ? planned.findIndex(({ name }) => name.startsWith(`${act}/`)) : index;
}

/** Creates a listener that stores each event and detail with `storeEvent`, and passes it to `next`. */
function createStoringListener(
  storeEvent: (event: NarrativeEvent | ActDetail) => Promise<void> | undefined,
  next: RunListener,
): RunListener {
  return {
    onEvent(event) {
      const stored = storeEvent(event);
      const handled = next.onEvent(event);
      // An act that depends on the ended act starts after this promise resolves, so the reply of the ended act is
      // stored first.
      return event.type === 'act-end' ? Promise.all([stored, handled]).then(() => {}) : undefined;
    },
    onDetail(detail) {
      void storeEvent(detail);
      next.onDetail(detail);
    },
  };
}

function createRowPersistence(
  getStore: () => RunStore | undefined,
): Pick<Persistence, 'startHistoryEntry' | 'endHistoryEntry' | 'wrapRowListener'> {
  let rowHistory: RowHistory | undefined;
  return {
    startHistoryEntry(start, origin) {
      getStore()?.onEvent(start);
      rowHistory = getStore()?.openRowHistory(start.run, origin);
    },
    wrapRowListener(entry, next) {
      const storeEvent = rowHistory?.createListener(entry);
      return createStoringListener((event) => storeEvent?.(event), next);
    },
    async endHistoryEntry(end, totals) {
      await getStore()?.onEvent(end);
      await rowHistory?.saveTotals(totals);
    },
  };
}

/** The warning before this error names the file and the cause. */
function createStoreError(message: string): BoticelliError {
  return new BoticelliError('output_failed', message, {
    hint: 'Fix the cause that the warning names. Until then, you can run without --resume, but replies are not stored.',
  });
}

/** Returns what the run needs the state database for. A rehearsal and a replay use no quota and store nothing. */
function listFeatures({ rehearse, replay, rateLimit }: RunOptions, keepMs: number | 'off'): StateFeature[] {
  if (rehearse || replay !== undefined) return [];
  return [...(rateLimit === false ? [] : (['quota'] as const)), ...(keepMs === 'off' ? [] : (['runs'] as const))];
}
