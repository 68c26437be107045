import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { createBestEffort } from '../../util/best-effort.js';
import { createSerialQueue } from '../../util/serial-queue.js';
import { createSqliteReplyCache, type ReplyCache } from '../replies/reply-cache.js';
import { pruneRuns } from './prune-runs.js';
import { createRunRecorder, type RunRecorderOptions } from './run-recorder.js';

/**
 * Stores the replies and the record of one run. No method rejects, because the run continues even if storing fails.
 */
export interface RunStore {
  replyCache: ReplyCache;
  /** Records an event. Resolves when it is written. */
  onEvent(event: NarrativeEvent): Promise<void>;
  /** Resolves when all events are written and old runs are deleted. Await it at the end of the run. */
  flush(): Promise<void>;
  /** How many replies of this run another run can reuse. Counts both the replies that it stored and those it reused. */
  readonly reusableReplyCount: number;
}

interface RunStoreOptions extends Omit<RunRecorderOptions, 'enqueue'> {
  /** The name of the narrative. */
  narrative: string;
  /** How long runs and replies are kept; older ones are deleted at the end of the run. */
  keepMs: number;
  /** Called once, when the database can't be read or written. The database is not used after that. */
  onFailure: (thrown: unknown) => void;
}

/** Opens the store of a run that is about to start. */
export function openRunStore({ database, narrative, origin, keepMs, now, onFailure }: RunStoreOptions): RunStore {
  const attempt = createBestEffort(onFailure);
  const writes = createSerialQueue();
  const enqueue = (write: () => Promise<void>) => void writes.enqueue(() => attempt(write));
  let reusableReplyCount = 0;
  let cache: ReplyCache | undefined;
  let recordEvent: ((event: NarrativeEvent) => void) | undefined;
  // The cache is created on first use, because preparing statements fails if the tables are damaged.
  const getCache = () => (cache ??= createSqliteReplyCache(database, narrative, now));
  const getRecorder = () => (recordEvent ??= createRunRecorder({ database, origin, now, enqueue }));

  return {
    replyCache: {
      async find(requestId, requestedModel) {
        const reply = await attempt(() => getCache().find(requestId, requestedModel));
        if (reply) reusableReplyCount += 1;
        return reply;
      },
      async save(requestId, reply) {
        await attempt(async () => {
          await getCache().save(requestId, reply);
          reusableReplyCount += 1;
        });
      },
    },
    async onEvent(event) {
      await attempt(() => getRecorder()(event));
      if (event.type === 'narrative-end') enqueue(() => pruneRuns(database, now(), keepMs));
      await writes.drain();
    },
    flush: () => writes.drain(),
    get reusableReplyCount() {
      return reusableReplyCount;
    },
  };
}
