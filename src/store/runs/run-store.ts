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
  /**
   * Waits for all earlier writes, and resolves to whether they and all reads succeeded. The start of the run is the first
   * write, so a full disk is noticed before the first request.
   */
  isUsable(): Promise<boolean>;
  /** How many replies of this run another run can reuse. Counts both the replies that it stored and those it reused. */
  readonly reusableReplyCount: number;
}

interface RunStoreOptions extends Omit<RunRecorderOptions, 'enqueue'> {
  /** The name of the narrative. */
  narrative: string;
  /** See `createSqliteReplyCache`. */
  isKnownInstance?: ((instance: string) => boolean) | undefined;
  /** How long runs and replies are kept; older ones are deleted at the end of the run. */
  keepMs: number;
  /**
   * Called when the database can't be read, and when it can't be written, once for each. Replies can still be read after
   * a write has failed, for example on a full disk.
   */
  onFailure: (thrown: unknown) => void;
}

/** Opens the store of a run that is about to start. */
export function openRunStore(options: RunStoreOptions): RunStore {
  const { database, narrative, isKnownInstance, origin, keepMs, now, onFailure } = options;
  let isUsable = true;
  const handleFailure = (thrown: unknown) => {
    isUsable = false;
    onFailure(thrown);
  };
  const attemptRead = createBestEffort(handleFailure);
  const attemptWrite = createBestEffort(handleFailure);
  const startedAt = now();
  const writes = createSerialQueue();
  const enqueue = (write: () => Promise<void>) => void writes.enqueue(() => attemptWrite(write));
  let reusableReplyCount = 0;
  let cache: ReplyCache | undefined;
  let recordEvent: ((event: NarrativeEvent) => void) | undefined;
  // The cache is created on first use, because preparing statements fails if the tables are damaged.
  const getCache = () => (cache ??= createSqliteReplyCache(database, narrative, now, isKnownInstance));
  const getRecorder = () => (recordEvent ??= createRunRecorder({ database, origin, now, enqueue }));

  return {
    replyCache: {
      async find(requestId, requestedModel) {
        const reply = await attemptRead(() => getCache().find(requestId, requestedModel));
        if (reply) reusableReplyCount += 1;
        return reply;
      },
      async save(requestId, reply) {
        await attemptWrite(async () => {
          await getCache().save(requestId, reply);
          reusableReplyCount += 1;
        });
      },
    },
    async onEvent(event) {
      await attemptWrite(() => getRecorder()(event));
      if (event.type === 'narrative-end') enqueue(() => pruneRuns(database, { now: now(), startedAt, keepMs }));
      await writes.drain();
    },
    flush: () => writes.drain(),
    async isUsable() {
      await writes.drain();
      return isUsable;
    },
    get reusableReplyCount() {
      return reusableReplyCount;
    },
  };
}
