import type Database from 'libsql';
import { dispensable } from '../../database/best-effort.js';
import type { NarrativeEvent } from '../../executor/event.js';
import { type Answers, createAnswers } from '../replies/reply-cache.js';
import { prune } from './prune.js';
import { recordingRun } from './run-recorder.js';
import { createRunWriter, type RunOrigin } from './run-writer.js';

/** What is kept of one run: its answers and its record. What can't be written is done without; nothing here rejects. */
export interface RunStore {
  answers: Answers;
  /** To be told every event. Resolves when what the event says is written. */
  onEvent(event: NarrativeEvent): Promise<void>;
  /** Resolves when all that was told is written, and what is too old forgotten: to be waited for at the end. */
  settled(): Promise<void>;
  /** How many replies of this run another run would find: kept by it, or found themselves. */
  readonly keptReplies: number;
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
  const attempt = dispensable(onFailure);
  const { inTurn, settled } = oneByOne((write) => attempt(write));
  let keptReplies = 0;
  let kept: Answers | undefined;
  let record: ((event: NarrativeEvent) => void) | undefined;
  // Preparing statements fails where the file's tables are broken.
  const answersOf = () => (kept ??= createAnswers({ database, narrative, now }));
  const recordOf = () => (record ??= recordingRun(createRunWriter({ database, origin, now, inTurn })));

  return {
    answers: {
      async find(asked, by) {
        const found = await attempt(() => answersOf().find(asked, by));
        if (found) keptReplies += 1;
        return found;
      },
      async keep(asked, reply) {
        const isKept = await attempt(async () => {
          await answersOf().keep(asked, reply);
          return true;
        });
        if (isKept) keptReplies += 1;
      },
    },
    async onEvent(event) {
      await attempt(() => recordOf()(event));
      if (event.type === 'narrative-end') inTurn(() => prune({ database, now: now(), keepMs }));
      await settled();
    },
    settled,
    get keptReplies() {
      return keptReplies;
    },
  };
}

/** Does pieces of writing in their order, each one at once where none is under way. */
function oneByOne(attempt: (write: () => Promise<void>) => Promise<void>) {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (write: () => Promise<void>) => {
    const done = waiting === 0 ? attempt(write) : last.then(() => attempt(write));
    waiting += 1;
    last = done.then(() => {
      waiting -= 1;
    });
  };
  return { inTurn, settled: () => last };
}
