import type Database from 'libsql';
import { createBestEffort } from '../../database/best-effort.js';
import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { createSqliteReplyCache, type ReplyCache } from '../replies/reply-cache.js';
import { pruneRuns } from './prune-runs.js';
import { createRunRecorder } from './run-recorder.js';
import { createRunWriter, type RunOrigin } from './run-writer.js';

/** What is kept of one run: its answers and its record. What can't be written is done without; nothing here rejects. */
export interface RunStore {
  replyCache: ReplyCache;
  /** To be told every event. Resolves when what the event says is written. */
  onEvent(event: NarrativeEvent): Promise<void>;
  /** Resolves when all that was told is written, and what is too old forgotten: to be waited for at the end. */
  flush(): Promise<void>;
  /** How many replies of this run another run would find: kept by it, or found themselves. */
  readonly reusableReplyCount: number;
}

export interface RunStoreOptions {
  /** Of open-database.ts. */
  database: Database.Database;
  /** The name of the narrative. */
  narrative: string;
  origin: RunOrigin;
  /** How long runs and answers are kept; older ones are forgotten when the run is over. */
  keepMs: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called once, when something can't be read or written; nothing more is tried then. */
  onFailure: (thrown: unknown) => void;
}

/** Opens what is kept of a run that is about to begin. */
export function openRunStore({ database, narrative, origin, keepMs, now, onFailure }: RunStoreOptions): RunStore {
  const attempt = createBestEffort(onFailure);
  const { inTurn: enqueue, settled: flush } = createSerialQueue((write) => attempt(write));
  let reusableReplyCount = 0;
  let cache: ReplyCache | undefined;
  let recordEvent: ((event: NarrativeEvent) => void) | undefined;
  // Preparing statements fails where the file's tables are broken.
  const getCache = () => (cache ??= createSqliteReplyCache({ database, narrative, now }));
  const getRecorder = () => (recordEvent ??= createRunRecorder(createRunWriter({ database, origin, now, enqueue })));

  return {
    replyCache: {
      async find(requestId, requestedModel) {
        const reply = await attempt(() => getCache().find(requestId, requestedModel));
        if (reply) reusableReplyCount += 1;
        return reply;
      },
      async save(requestId, reply) {
        const isStored = await attempt(async () => {
          await getCache().save(requestId, reply);
          return true;
        });
        if (isStored) reusableReplyCount += 1;
      },
    },
    async onEvent(event) {
      await attempt(() => getRecorder()(event));
      if (event.type === 'narrative-end') enqueue(() => pruneRuns({ database, now: now(), keepMs }));
      await flush();
    },
    flush,
    get reusableReplyCount() {
      return reusableReplyCount;
    },
  };
}

/** Does pieces of writing in their order, each one at once where none is under way. */
function createSerialQueue(run: (task: () => Promise<void>) => Promise<void>) {
  let pendingCount = 0;
  let last: Promise<void> = Promise.resolve();
  const enqueue = (task: () => Promise<void>) => {
    const finished = pendingCount === 0 ? run(task) : last.then(() => run(task));
    pendingCount += 1;
    last = finished.then(() => {
      pendingCount -= 1;
    });
  };
  return { inTurn: enqueue, settled: () => last };
}
