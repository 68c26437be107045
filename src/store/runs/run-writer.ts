import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import type { NarrativeEnd, NarrativeStart } from '../../executor/narrative-events.js';
import { replaceNuls } from '../replies/reply-cache.js';
import type { ActRecord, RunTotals } from './run-recorder.js';

/** Writes the record of one run, in the order in which it is told to. */
export interface RunWriter {
  writeStart(event: NarrativeStart, totals: RunTotals): void;
  writeAct(record: ActRecord, totals: RunTotals): void;
  writeEnd(event: NarrativeEnd): void;
}

/** Where a run's narrative came from. */
export interface RunOrigin {
  /** The narrative file's absolute path; absent where it came from standard input. */
  file?: string;
  /** SHA-256 of the file's text (UTF-8 without a byte order mark, LF at the ends of lines), in hexadecimal. */
  fileHash: string;
}

export interface RunWriterOptions {
  /** Has the tables `runs` and `acts`. */
  database: Database.Database;
  origin: RunOrigin;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Is given each piece of writing, to be done after the one before it. */
  enqueue: (write: () => Promise<void>) => void;
}

/** Writes into SQLite, an act with what it adds to the run in one transaction. */
export function createRunWriter({ database, origin, now, enqueue }: RunWriterOptions): RunWriter {
  const insertRun = database.prepare(
    `INSERT INTO runs (id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served,
     attempts, wait_ms, usage) VALUES (?, ?, ?, ?, ?, ?, 0, '[]', '[]', 0, 0, ?)`,
  );
  // A run whose record was cleared meanwhile gets no acts either.
  const insertAct = database.prepare(
    `INSERT INTO acts (run, position, act, ended, told, cost_usd)
     SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?)`,
  );
  const updateRun = database.prepare(
    `UPDATE runs SET acts_ended = ?, models_asked = ?, models_served = ?, attempts = ?, wait_ms = ?, usage = ?,
     cost_usd = ? WHERE id = ?`,
  );
  const endRun = database.prepare(
    'UPDATE runs SET status = ?, duration_ms = ?, error = ?, usage = ?, cost_usd = ? WHERE id = ?',
  );
  let run = '';
  let position = 0;

  return {
    writeStart({ run: id, narrative, acts }, { usage }) {
      run = id;
      const { file = null, fileHash } = origin;
      const [name, path] = [replaceNuls(narrative), file && replaceNuls(file)];
      const startedAt = now();
      enqueue(async () => {
        const row = [id, name, path, fileHash, acts.length, startedAt, JSON.stringify(usage)];
        await retryWhileLocked(() => runInTransaction(database, () => insertRun.run(...row)));
      });
    },
    writeAct({ act, end, events }, { actsEnded, modelsAsked, modelsServed, attempts, waitMs, usage, costUsd }) {
      const ended = end ? JSON.stringify(end) : null;
      const row = [run, position, replaceNuls(act), ended, JSON.stringify(events), end?.costUsd ?? null, run];
      const totalsRow = [actsEnded, JSON.stringify(modelsAsked), JSON.stringify(modelsServed), attempts, waitMs];
      position += 1;
      enqueue(() =>
        retryWhileLocked(() =>
          runInTransaction(database, () => {
            insertAct.run(...row);
            updateRun.run(...totalsRow, JSON.stringify(usage), actsEnded > 0 ? (costUsd ?? null) : null, run);
          }),
        ),
      );
    },
    writeEnd({ status, durationMs, error, usage, costUsd }) {
      enqueue(async () => {
        // Also what an act spent that has no end.
        const usageRow = [JSON.stringify(usage), costUsd ?? null];
        const row = [status, durationMs, error ? JSON.stringify(error) : null, ...usageRow, run];
        await retryWhileLocked(() => runInTransaction(database, () => endRun.run(...row)));
      });
    },
  };
}
