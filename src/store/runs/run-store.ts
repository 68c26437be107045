import { createBestEffort } from '../../util/best-effort.js';
import { createSerialQueue, type SerialQueue } from '../../util/serial-queue.js';
import { createSqliteReplyCache, type ReplyCache } from '../replies/reply-cache.js';
import { pruneRuns } from './prune-runs.js';
import { createRowRunId, createRowRunWriter, type RowEntry, type RowsOrigin, type RowTotals } from './row-runs.js';
import { createRunRecorder, type RecordedEvent, type RunRecorderOptions } from './run-recorder.js';
import { prepareRunStatements, type RunStatements } from './run-statements.js';

/**
 * Stores the replies of one run, and its entry in the history. No method rejects: the run continues even if storing
 * fails.
 */
export interface RunStore {
  replyCache: ReplyCache;
  /** Records an event. Resolves when it is written. */
  onEvent(event: RecordedEvent): Promise<void>;
  /**
   * Opens the history of the rows of a run with `--each` or `--matrix`.
   * @param run the id of the whole run, whose events go to `onEvent`
   */
  openRowHistory(run: string, rowsOrigin: RowsOrigin): RowHistory;
  /** Resolves when all events are written and old runs are deleted. Await it at the end of the run. */
  flush(): Promise<void>;
  /**
   * Waits for all earlier writes. Resolves to whether a read or a write has failed. Call this before each request:
   * the start of the run is the first write, so a full disk is noticed before the first request.
   */
  hasFailed(): Promise<boolean>;
  /** How many replies this run stored or reused. If there are any, a later run can reuse them. */
  readonly storedOrReusedCount: number;
}

/** Writes the rows of a run to the history, which `boticelli runs` shows. No method rejects. */
export interface RowHistory {
  /** Returns the listener to the events of a row. The row is written when it ends. */
  createListener(entry: RowEntry): (event: RecordedEvent) => Promise<void>;
  saveTotals(totals: RowTotals): Promise<void>;
}

interface RunStoreOptions extends Omit<RunRecorderOptions, 'enqueue'> {
  /** The name of the narrative. */
  narrative: string;
  /** Whether a row of this command has this id. See `createSqliteReplyCache`. */
  isRowOfThisCommand?: ((rowId: string) => boolean) | undefined;
  /** How long runs and replies are kept; older ones are deleted at the end of the run. */
  keepMs: number;
  /**
   * Called when the database can't be read, and when it can't be written, once for each. Replies can still be read
   * after a write has failed, for example on a full disk.
   */
  onFailure: (thrown: unknown) => void;
}

/** Opens the store of a run that is about to start. */
export function openRunStore(options: RunStoreOptions): RunStore {
  const { database, narrative, origin, vars, keepsPrompts = false, keepMs, now, onFailure } = options;
  let hasFailed = false;
  const handleFailure = (thrown: unknown) => {
    hasFailed = true;
    onFailure(thrown);
  };
  const attemptRead = createBestEffort(handleFailure);
  const attemptWrite = createBestEffort(handleFailure);
  const startedAt = now();
  const writes = createSerialQueue();
  const enqueue = (write: () => Promise<void>) => void writes.enqueue(() => attemptWrite(write));
  const recorderOptions = { database, origin, keepsPrompts, now, enqueue };
  let storedOrReusedCount = 0;
  let cache: ReplyCache | undefined;
  let recordEvent: ((event: RecordedEvent) => void) | undefined;
  // The cache and the recorder are created on first use: preparing their statements fails if the tables are damaged,
  // and `attemptRead` or `attemptWrite` then reports the failure.
  const getCache = () => (cache ??= createSqliteReplyCache(database, narrative, now, options.isRowOfThisCommand));
  const getRecorder = () => (recordEvent ??= createRunRecorder({ ...recorderOptions, vars }));

  return {
    replyCache: {
      async find(requestId, requestedModel) {
        const reply = await attemptRead(() => getCache().find(requestId, requestedModel));
        if (reply) storedOrReusedCount += 1;
        return reply;
      },
      async save(requestId, reply) {
        await attemptWrite(async () => {
          await getCache().save(requestId, reply);
          storedOrReusedCount += 1;
        });
      },
      deleteHops: (requestId) => attemptWrite(() => getCache().deleteHops(requestId)),
    },
    async onEvent(event) {
      await attemptWrite(() => getRecorder()(event));
      if (event.type === 'narrative-end') enqueue(() => pruneRuns(database, { now: now(), startedAt, keepMs }));
      await writes.drain();
    },
    openRowHistory: (run, rowsOrigin) =>
      createRowHistory({ run, rowsOrigin, attemptWrite, writes, ...recorderOptions }),
    flush: () => writes.drain(),
    async hasFailed() {
      await writes.drain();
      return hasFailed;
    },
    get storedOrReusedCount() {
      return storedOrReusedCount;
    },
  };
}

interface RowHistoryOptions extends Omit<RunRecorderOptions, 'isBuffered'> {
  run: string;
  rowsOrigin: RowsOrigin;
  attemptWrite: ReturnType<typeof createBestEffort>;
  writes: SerialQueue;
}

function createRowHistory({
  run,
  rowsOrigin,
  attemptWrite,
  writes,
  ...recorderOptions
}: RowHistoryOptions): RowHistory {
  const { database, enqueue } = recorderOptions;
  let statements: RunStatements | undefined;
  let writer: ReturnType<typeof createRowRunWriter> | undefined;
  // Created on first use, after the start of the run was written. If the database can't be written, writing the start
  // has failed already, and `attemptWrite` runs no further work.
  const getWriter = () => (writer ??= createRowRunWriter(database, run));
  enqueue(async () => getWriter().open(rowsOrigin));
  return {
    createListener(entry) {
      let record: ((event: RecordedEvent) => void) | undefined;
      const rowRun = createRowRunId(run, entry.number);
      return async (event) => {
        await attemptWrite(() => {
          statements ??= prepareRunStatements(database);
          const writeAtEnd = () => getWriter().insert(entry);
          record ??= createRunRecorder({ ...recorderOptions, statements, isBuffered: true, writeAtEnd });
          record('run' in event ? { ...event, run: rowRun } : event);
        });
      };
    },
    async saveTotals(totals) {
      enqueue(async () => getWriter().saveTotals(totals));
      await writes.drain();
    },
  };
}
