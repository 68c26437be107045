import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import { addCosts } from '../../driver/cost.js';
import { omitMediaData } from '../../driver/reply-media.js';
import type { GenerationParameters } from '../../driver/request.js';
import { addUsage, type Usage, zeroUsage } from '../../driver/response.js';
import type { ActDetail, ActTimes, Prompt } from '../../executor/acts/act-details.js';
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
import { truncate } from '../../util/utf16.js';
import { replaceNuls } from '../replies/reply-cache.js';
import { prepareRunStatements, type RunStatements } from './run-statements.js';

/** An event between the start of an act and its end. */
export type ActProgressEvent = ActWait | ActRetry | ActFallback | ActNote;

/** The totals of a run so far. */
export interface RunTotals {
  /**
   * The number of completed acts; with `--each` or `--matrix`, the number of completed rows. Failed acts and rows are
   * not counted.
   */
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

/** The options of `createRunRecorder`. */
export interface RunRecorderOptions {
  /** A database with the tables `runs` and `acts`. */
  database: Database.Database;
  /**
   * Where the narrative comes from: the absolute path of its file, absent for standard input, and the SHA-256 of its
   * text (UTF-8 without a byte order mark, with LF line ends), in hexadecimal.
   */
  origin: { file?: string; fileHash: string };
  /** The variables that tell the run apart from other runs of the narrative. */
  vars?: Readonly<Record<string, string>> | undefined;
  /** Whether the prompts of acts are stored. Default false. */
  keepsPrompts?: boolean;
  /** Returns milliseconds since the epoch. */
  now: () => number;
  /** Runs a write after all earlier writes. */
  enqueue: (write: () => Promise<void>) => void;
  /** Whether everything is written at the end of the run, in one transaction. Default false. */
  isBuffered?: boolean;
  /** Writes what else belongs to the run, in the transaction that records the end of the run. */
  writeAtEnd?: () => void;
  /** The statements, which several runs can share because preparing them is slow. Default: prepared for the run. */
  statements?: RunStatements;
}

/** What is known of an act that has started. `end` is absent until the act ends, and if it fails. */
interface StartedAct {
  act: string;
  /** Counts from 0 over the run. Stored in the column `position`. */
  index: number;
  requestedModel: string;
  end?: ActEnd;
  events: ActProgressEvent[];
  timing?: ActTimes;
  prompt?: Prompt;
}

/** What the column `timing` has of an act: how it spent its time, and what it requested. */
export interface RecordedTiming extends ActTimes {
  requestedModel: string;
  /** The number of requests; 0 for a reused reply. */
  attempts: number;
  /** The parameters that the request sets, without the schema. */
  parameters?: Omit<GenerationParameters, 'schema'>;
}

/** What is recorded of a run. */
export type RecordedEvent = NarrativeEvent | ActDetail;

/** The maximum length of a stored variable: enough to tell runs apart. */
const maxVariableLength = 80;

/**
 * Creates a listener that records a run in SQLite as its events arrive, so that even a killed run is recorded, as
 * unfinished. With `isBuffered`, the run is written only at its end. The listener only enqueues writes; the caller
 * waits for them before it starts the next act.
 */
export function createRunRecorder(options: RunRecorderOptions): (event: RecordedEvent) => void {
  const writer = createRunWriter(options);
  /** The acts that have started and not ended, by their index. */
  const activeActs = new Map<number, StartedAct>();
  /** The index of the act that started last. Events without an index belong to it. */
  let latestIndex = 0;
  const counts = { actsEnded: 0, attempts: 0, waitMs: 0 };
  let totals: RunTotals = { ...counts, modelsAsked: [], modelsServed: [], usage: zeroUsage, costUsd: 0 };
  const finishAct = (finished: StartedAct) => {
    activeActs.delete(finished.index);
    totals = addAct(totals, finished);
    writer.writeAct(finished, totals);
  };
  const addDetail = (index: number, detail: Pick<StartedAct, 'prompt' | 'timing'>) => {
    const active = activeActs.get(index);
    if (active) Object.assign(active, detail);
  };
  const startAct = ({ act, index, model }: ActStart) => {
    latestIndex = index;
    activeActs.set(index, { act, index, requestedModel: model, events: [] });
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
      case 'act-prompt':
        return addDetail(event.index, { prompt: event.prompt });
      case 'act-timing': {
        const { type: _type, act: _act, index, round: _round, ...timing } = event;
        return addDetail(index, { timing });
      }
      case 'act-end': {
        const { act, index, requestedModel } = event;
        return finishAct({ events: [], ...activeActs.get(index), act, index, requestedModel, end: event });
      }
      case 'narrative-end':
        // Acts that failed have no end event, so they are still active.
        for (const active of activeActs.values()) finishAct(active);
        return writer.writeEnd(event);
    }
  };
}

/** Counts the requests of an act. */
function countAttempts({ end, events }: StartedAct): number {
  // For an act without a reply, the requests are counted by its events. Another request follows each retry, each note
  // with a `part` (for the next part of a long reply) and each change of the service tier.
  const furtherRequests = events.filter(
    (event) => event.type === 'act-retry' || ('part' in event && event.part !== undefined) || 'serviceTier' in event,
  );
  return end?.attempts ?? furtherRequests.length + 1;
}

function addAct(totals: RunTotals, act: StartedAct): RunTotals {
  const { requestedModel, end, events, timing } = act;
  const plannedWaits = events.map((event) => (event.type === 'act-wait' ? event.waitMs : 0));
  const waits = timing ? timing.waits.map(({ durationMs }) => durationMs) : plannedWaits;
  const waitMs = waits.reduce((sum, wait) => sum + wait, 0);
  return {
    actsEnded: totals.actsEnded + (end ? 1 : 0),
    modelsAsked: [...new Set([...totals.modelsAsked, requestedModel])],
    modelsServed: [...new Set([...totals.modelsServed, ...(end ? [end.model] : [])])],
    attempts: totals.attempts + countAttempts(act),
    waitMs: totals.waitMs + (end?.waitMs ?? waitMs),
    usage: end && !end.reused ? addUsage(totals.usage, end.usage) : totals.usage,
    costUsd: end ? addCosts(totals.costUsd, end.costUsd) : totals.costUsd,
  };
}

/**
 * Creates a writer that stores a run in SQLite: each act in one transaction with the new totals of the run, or with
 * `isBuffered`, everything in one transaction at the end.
 */
function createRunWriter({ isBuffered = false, keepsPrompts = false, ...options }: RunRecorderOptions) {
  const { database, origin, vars, now, enqueue, writeAtEnd = () => {} } = options;
  const statements = options.statements ?? prepareRunStatements(database);
  let run = '';
  let pending: (() => void)[] = [];
  const write = (work: () => void, isLast = false) => {
    pending.push(work);
    if (isBuffered && !isLast) return;
    const steps = pending;
    pending = [];
    const runAll = () => {
      for (const writeStep of steps) writeStep();
    };
    enqueue(() => retryWhileLocked(() => runInTransaction(database, runAll)));
  };

  return {
    writeStart({ run: id, narrative, acts }: NarrativeStart, { usage }: RunTotals): void {
      run = id;
      const path = origin.file === undefined ? null : replaceNuls(origin.file);
      const columns = [id, replaceNuls(narrative), path, origin.fileHash, acts.length, now()];
      const jsonColumns = [JSON.stringify(usage), vars ? JSON.stringify(truncateValues(vars)) : null];
      write(() => statements.insertRun.run(...columns, ...jsonColumns));
    },
    writeAct(finished: StartedAct, totals: RunTotals): void {
      const { act, index, requestedModel, end, events, prompt } = finished;
      const { schema: _, ...parameters } = prompt?.parameters ?? {};
      const timing: RecordedTiming | undefined = finished.timing && {
        ...{ ...finished.timing, requestedModel, attempts: countAttempts(finished), parameters },
      };
      const { actsEnded, modelsAsked, modelsServed, attempts, waitMs, usage, costUsd } = totals;
      const endJson = end ? JSON.stringify(omitMediaData(end)) : null;
      const details = [timing, keepsPrompts && prompt].map((detail) => (detail ? JSON.stringify(detail) : null));
      const columns = [run, index, replaceNuls(act), endJson, JSON.stringify(events), end?.costUsd ?? null];
      const totalsColumns = [actsEnded, JSON.stringify(modelsAsked), JSON.stringify(modelsServed), attempts, waitMs];
      const totalCost = actsEnded > 0 ? (costUsd ?? null) : null;
      write(() => {
        // The id of the run is also the last parameter, for the condition that the run still exists.
        statements.insertAct.run(...columns, ...details, run);
        statements.updateRun.run(...totalsColumns, JSON.stringify(usage), totalCost, run);
      });
    },
    writeEnd({ status, durationMs, error, usage, costUsd }: NarrativeEnd): void {
      const errorJson = error ? JSON.stringify(error) : null;
      // The usage and the cost replace the totals so far, because they include those of an act that failed.
      const columns = [status, durationMs, errorJson, JSON.stringify(usage), costUsd ?? null];
      write(() => {
        statements.endRun.run(...columns, run);
        writeAtEnd();
      }, true);
    },
  };
}

function truncateValues(vars: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, truncate(value, maxVariableLength)]));
}
