import { addCosts } from '../../driver/cost.js';
import { addUsage, noUsage, type Usage } from '../../driver/response.js';
import type { ActEnd, ActFallback, ActNote, ActRetry, ActWait, NarrativeEvent } from '../../executor/event.js';
import type { RunWriter } from './run-writer.js';

/** What is told of an act on its way to its reply. */
export type ActHappening = ActWait | ActRetry | ActFallback | ActNote;

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
  asked: string;
  end?: ActEnd;
  told: ActHappening[];
}

/**
 * Makes the record of a run of its events, as they come: a run that was killed is there too, unfinished. What is handed to
 * the writer for an act is to be written before the next act is asked; nothing is waited for here.
 */
export function recordingRun(write: RunWriter): (event: NarrativeEvent) => void {
  const underWay = new Map<string, ActRecord>();
  let totals = emptyTotals();

  const actIsOver = (record: ActRecord) => {
    underWay.delete(record.act);
    totals = withAct(totals, record);
    write.act(record, totals);
  };
  return (event) => {
    switch (event.type) {
      case 'narrative-start':
        return write.start(event, totals);
      case 'act-start':
        return void underWay.set(event.act, { act: event.act, asked: event.model, told: [] });
      case 'act-wait':
      case 'act-retry':
      case 'act-fallback':
      case 'act-note':
        return void underWay.get(event.act)?.told.push(event);
      case 'act-end': {
        const { act, requestedModel: asked } = event;
        return actIsOver({ told: [], ...underWay.get(act), act, asked, end: event });
      }
      case 'narrative-end':
        // An act that failed has no end of its own.
        for (const record of underWay.values()) actIsOver(record);
        return write.end(event);
    }
  };
}

function emptyTotals(): RunTotals {
  return { actsEnded: 0, modelsAsked: [], modelsServed: [], attempts: 0, waitMs: 0, usage: noUsage, costUsd: 0 };
}

function withAct(totals: RunTotals, { asked, end, told }: ActRecord): RunTotals {
  const retries = told.filter(({ type }) => type === 'act-retry').length;
  const waitMs = told.reduce((sum, each) => sum + (each.type === 'act-wait' ? each.waitMs : 0), 0);
  return {
    actsEnded: totals.actsEnded + (end ? 1 : 0),
    modelsAsked: withName(totals.modelsAsked, asked),
    modelsServed: end ? withName(totals.modelsServed, end.model) : totals.modelsServed,
    attempts: totals.attempts + (end?.attempts ?? retries + 1),
    waitMs: totals.waitMs + (end?.waitMs ?? waitMs),
    usage: end && !end.reused ? addUsage(totals.usage, end.usage) : totals.usage,
    costUsd: end ? addCosts(totals.costUsd, end.costUsd) : totals.costUsd,
  };
}

function withName(names: string[], name: string): string[] {
  return names.includes(name) ? names : [...names, name];
}
