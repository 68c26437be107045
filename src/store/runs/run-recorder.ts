import { addCosts } from '../../driver/cost.js';
import { addUsage, type Usage, zeroUsage } from '../../driver/response.js';
import type {
  ActEnd,
  ActFallback,
  ActNote,
  ActRetry,
  ActWait,
  NarrativeEvent,
} from '../../executor/narrative-events.js';
import type { RunWriter } from './run-writer.js';

/** What is told of an act on its way to its reply. */
export type ActProgressEvent = ActWait | ActRetry | ActFallback | ActNote;

/** What a run has come to so far. */
export interface RunTotals {
  /** The acts that have their replies. */
  actsEnded: number;
  /** The models that were asked for and that served, each once, in their order. */
  modelsAsked: string[];
  modelsServed: string[];
  /** The calls that were made. */
  attempts: number;
  waitMs: number;
  /** What was spent: replies that were reused do not count; what an act did that failed counts when the run is over. */
  usage: Usage;
  /** What that cost, in US dollars; absent where the price of a part of it is not known. */
  costUsd?: number | undefined;
}

/** An act that is over: with its reply, or without where it failed. */
export interface ActRecord {
  act: string;
  /** The model asked for. */
  requestedModel: string;
  end?: ActEnd;
  events: ActProgressEvent[];
}

/**
 * Makes the record of a run of its events, as they come: a run that was killed is there too, unfinished. What is handed to
 * the writer for an act is to be written before the next act is asked; nothing is waited for here.
 */
export function createRunRecorder(writer: RunWriter): (event: NarrativeEvent) => void {
  const activeActs = new Map<string, ActRecord>();
  let totals = createEmptyTotals();

  const finishAct = (record: ActRecord) => {
    activeActs.delete(record.act);
    totals = addAct(totals, record);
    writer.writeAct(record, totals);
  };
  return (event) => {
    switch (event.type) {
      case 'narrative-start':
        return writer.writeStart(event, totals);
      case 'act-start':
        return void activeActs.set(event.act, { act: event.act, requestedModel: event.model, events: [] });
      case 'act-wait':
      case 'act-retry':
      case 'act-fallback':
      case 'act-note':
        return void activeActs.get(event.act)?.events.push(event);
      case 'act-end': {
        const { act, requestedModel } = event;
        return finishAct({ events: [], ...activeActs.get(act), act, requestedModel, end: event });
      }
      case 'narrative-end':
        // An act that failed has no end of its own.
        for (const record of activeActs.values()) finishAct(record);
        return writer.writeEnd(event);
    }
  };
}

function createEmptyTotals(): RunTotals {
  return { actsEnded: 0, modelsAsked: [], modelsServed: [], attempts: 0, waitMs: 0, usage: zeroUsage, costUsd: 0 };
}

function addAct(totals: RunTotals, { requestedModel, end, events }: ActRecord): RunTotals {
  const retries = events.filter(({ type }) => type === 'act-retry').length;
  const waitMs = events.reduce((sum, event) => sum + (event.type === 'act-wait' ? event.waitMs : 0), 0);
  return {
    actsEnded: totals.actsEnded + (end ? 1 : 0),
    modelsAsked: addUnique(totals.modelsAsked, requestedModel),
    modelsServed: end ? addUnique(totals.modelsServed, end.model) : totals.modelsServed,
    attempts: totals.attempts + (end?.attempts ?? retries + 1),
    waitMs: totals.waitMs + (end?.waitMs ?? waitMs),
    usage: end && !end.reused ? addUsage(totals.usage, end.usage) : totals.usage,
    costUsd: end ? addCosts(totals.costUsd, end.costUsd) : totals.costUsd,
  };
}

function addUnique(names: string[], name: string): string[] {
  return names.includes(name) ? names : [...names, name];
}
