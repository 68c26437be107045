import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { addCosts } from '../../driver/cost.js';
import { omitMediaData } from '../../driver/reply-media.js';
import { addUsage, type Usage, zeroUsage } from '../../driver/response.js';
import type {
  ActEnd,
  ActFallback,
  ActNote,
  ActRetry,
  ActStart,
  ActWait,
  NarrativeEnd,
  NarrativeEvent,
  NarrativeStart,
} from '../../executor/narrative-events.js';
import { replaceNuls } from '../replies/reply-cache.js';

/** An event between the start of an act and its end. */
export type ActProgressEvent = ActWait | ActRetry | ActFallback | ActNote;

/** The totals of a run so far. */
export interface RunTotals {
  /** The number of acts that have a reply. */
  actsEnded: number;
  /** The requested models, each once, in order of appearance. */
  modelsAsked: string[];
  /** The models that replied, each once, in order of appearance. */
  modelsServed: string[];
  /** The number of requests sent. */
  attempts: number;
  waitMs: number;
  /** The tokens used, except those of reused replies. The tokens of a failed act are added at the end of the run. */
  usage: Usage;
  /** The cost in US dollars; absent if a price is not known. */
  costUsd?: number | undefined;
}

export interface RunRecorderOptions {
  /** A database with the tables `runs` and `acts`. */
  database: Database.Database;
  /**
   * Where the narrative comes from: the absolute path of its file, absent for standard input, and the SHA-256 of its
   * text (UTF-8 without a byte order mark, with LF line ends), in hexadecimal.
   */
  origin: { file?: string; fileHash: string };
  /** Returns milliseconds since the epoch. */
  now: () => number;
  /** Runs a write after all earlier writes. */
  enqueue: (write: () => Promise<void>) => void;
  /** Whether everything is written at the end of the run, in one transaction. Default false. */
  isBuffered?: boolean;
  /** The statements, if several runs share them, because preparing them takes a while. Default: prepared for the run. */
  statements?: ReturnType<typeof prepareRunStatements>;
}

/** What is known of an act that has started. `end` is absent until the act ends, and if it fails. */
interface ActRecord {
  act: string;
  /** The index of the act in the run. */
  position: number;
  requestedModel: string;
  end?: ActEnd;
  events: ActProgressEvent[];
}

/**
 * Creates a listener that records a run in SQLite as its events arrive, so that even a killed run is recorded, as
 * unfinished. The listener only enqueues writes; the caller waits for them before it starts the next act.
 */
export function createRunRecorder(options: RunRecorderOptions): (event: NarrativeEvent) => void {
  const writer = createRunWriter(options);
  /** The acts that have started and not ended, by their index. */
  const activeActs = new Map<number, ActRecord>();
  /** The index of the act that started last. Events without an index belong to it. */
  let latestIndex = 0;
  const counts = { actsEnded: 0, attempts: 0, waitMs: 0 };
  let totals: RunTotals = { ...counts, modelsAsked: [], modelsServed: [], usage: zeroUsage, costUsd: 0 };
  const finishAct = (finished: ActRecord) => {
    activeActs.delete(finished.position);
    totals = addAct(totals, finished);
    writer.writeAct(finished, totals);
  };
  const startAct = ({ act, index, model }: ActStart) => {
    latestIndex = index;
    activeActs.set(index, { act, position: index, requestedModel: model, events: [] });
  };
  return (event) => {
    switch (event.type) {
      case 'narrative-start':
        return writer.writeStart(event, totals);
      case 'act-start':
        return startAct(event);
      case 'act-wait':
      case 'act-retry':
      case 'act-fallback':
      case 'act-note':
        return void activeActs.get(event.index ?? latestIndex)?.events.push(event);
      case 'act-end': {
        const { act, index: position, requestedModel } = event;
        return finishAct({ events: [], ...activeActs.get(position), act, position, requestedModel, end: event });
      }
      case 'narrative-end':
        // An act that failed has no end event.
        for (const active of activeActs.values()) finishAct(active);
        return writer.writeEnd(event);
    }
  };
}

function addAct(totals: RunTotals, { requestedModel, end, events }: ActRecord): RunTotals {
  // Another request follows a note with a `part`, for the next part of a long reply, and a change of the service tier.
  const furtherRequests = events.filter(
    (event) => event.type === 'act-retry' || ('part' in event && event.part !== undefined) || 'serviceTier' in event,
  );
  const waitMs = events.reduce((sum, event) => sum + (event.type === 'act-wait' ? event.waitMs : 0), 0);
  return {
    actsEnded: totals.actsEnded + (end ? 1 : 0),
    modelsAsked: [...new Set([...totals.modelsAsked, requestedModel])],
    modelsServed: [...new Set([...totals.modelsServed, ...(end ? [end.model] : [])])],
    attempts: totals.attempts + (end?.attempts ?? furtherRequests.length + 1),
    waitMs: totals.waitMs + (end?.waitMs ?? waitMs),
    usage: end && !end.reused ? addUsage(totals.usage, end.usage) : totals.usage,
    costUsd: end ? addCosts(totals.costUsd, end.costUsd) : totals.costUsd,
  };
}

/** Creates a writer that stores a run in SQLite, each act in one transaction with the new totals of the run. */
function createRunWriter({ database, origin, now, enqueue, isBuffered = false, ...given }: RunRecorderOptions) {
  const statements = given.statements ?? prepareRunStatements(database);
  let run = '';
  let pending: (() => void)[] = [];
  const write = (work: () => void, isLast = false) => {
    pending.push(work);
    if (isBuffered && !isLast) return;
    const works = pending;
    pending = [];
    const runAll = () => {
      for (const each of works) each();
    };
    enqueue(() => retryWhileLocked(() => runInTransaction(database, runAll)));
  };

  return {
    writeStart({ run: id, narrative, acts }: NarrativeStart, { usage }: RunTotals): void {
      run = id;
      const path = origin.file === undefined ? null : replaceNuls(origin.file);
      const row = [id, replaceNuls(narrative), path, origin.fileHash, acts.length, now(), JSON.stringify(usage)];
      write(() => statements.insertRun.run(...row));
    },
    writeAct({ act, position, end, events }: ActRecord, totals: RunTotals): void {
      const { actsEnded, modelsAsked, modelsServed, attempts, waitMs, usage, costUsd } = totals;
      const endJson = end ? JSON.stringify(omitMediaData(end)) : null;
      const row = [run, position, replaceNuls(act), endJson, JSON.stringify(events), end?.costUsd ?? null, run];
      const totalsRow = [actsEnded, JSON.stringify(modelsAsked), JSON.stringify(modelsServed), attempts, waitMs];
      write(() => {
        statements.insertAct.run(...row);
        statements.updateRun.run(...totalsRow, JSON.stringify(usage), actsEnded > 0 ? (costUsd ?? null) : null, run);
      });
    },
    writeEnd({ status, durationMs, error, usage, costUsd }: NarrativeEnd): void {
      // The final usage and cost include the usage and cost of an act that failed.
      const usageRow = [JSON.stringify(usage), costUsd ?? null];
      const row = [status, durationMs, error ? JSON.stringify(error) : null, ...usageRow, run];
      write(() => statements.endRun.run(...row), true);
    },
  };
}

export function prepareRunStatements(database: Database.Database) {
  return {
    insertRun: database.prepare(
      `INSERT INTO runs (id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served,
       attempts, wait_ms, usage) VALUES (?, ?, ?, ?, ?, ?, 0, '[]', '[]', 0, 0, ?)`,
    ),
    // `ended` is the end event and `told` the events before it, as JSON. If the run has been cleared in the meantime,
    // its further acts are not recorded.
    insertAct: database.prepare(
      `INSERT INTO acts (run, position, act, ended, told, cost_usd)
       SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?)`,
    ),
    updateRun: database.prepare(
      `UPDATE runs SET acts_ended = ?, models_asked = ?, models_served = ?, attempts = ?, wait_ms = ?, usage = ?,
       cost_usd = ? WHERE id = ?`,
    ),
    endRun: database.prepare(
      'UPDATE runs SET status = ?, duration_ms = ?, error = ?, usage = ?, cost_usd = ? WHERE id = ?',
    ),
  };
}
