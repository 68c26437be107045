import type { ActWait, NarrativeEvent } from '../../executor/narrative-events.js';
import { formatWholeSeconds } from '../text/format.js';
import { createActIndexer } from './act-index.js';
import { minReportedWaitMs } from './format-events.js';

/** Why a run with rows stands still. */
export interface RowsStandstill {
  /** Such as `waiting 54 s for quota of gemini-3.8-flash`. */
  text: string;
  /** Milliseconds since the epoch. */
  endsAt: number;
}

/** The waits of the acts in progress, over all rows of a run. */
export interface RowWaits {
  /** Creates a listener for the events of one row. */
  createListener(): (event: NarrativeEvent) => void;
  /**
   * Describes the wait that ends first, if every act in progress waits for at least another second. Otherwise returns
   * undefined.
   */
  findStandstill(): RowsStandstill | undefined;
}

/**
 * Creates the record of waits, which is empty until a listener receives events.
 * @param now returns milliseconds since the epoch
 */
export function createRowWaits(now: () => number): RowWaits {
  /**
   * The last wait of each act in progress, by row and index. Undefined if the act has not waited since its start or its
   * last fallback.
   */
  const acts = new Map<string, ActWait | undefined>();
  let rowCount = 0;
  return {
    createListener() {
      rowCount += 1;
      const row = rowCount;
      const getIndex = createActIndexer();
      /** The keys of this row's acts in `acts`. */
      const ownKeys = new Set<string>();
      return (event) => {
        if (event.type === 'narrative-end') for (const key of ownKeys) acts.delete(key);
        if (event.type === 'narrative-start' || event.type === 'narrative-end') return;
        const key = `${row}/${getIndex(event)}`;
        if (event.type === 'act-start') ownKeys.add(key);
        if (event.type === 'act-start' || event.type === 'act-fallback') acts.set(key, undefined);
        else if (event.type === 'act-wait') acts.set(key, event);
        else if (event.type === 'act-end') {
          acts.delete(key);
          ownKeys.delete(key);
        }
      };
    },
    findStandstill() {
      let first: ActWait | undefined;
      for (const wait of acts.values()) {
        if (!wait || Date.parse(wait.until) - now() < minReportedWaitMs) return undefined;
        if (!first || wait.until < first.until) first = wait;
      }
      if (!first) return undefined;
      const endsAt = Date.parse(first.until);
      return { text: `waiting ${formatWholeSeconds(endsAt - now())} ${describeReason(first)}`, endsAt };
    },
  };
}

function describeReason({ reason, model, isProjectWide }: ActWait): string {
  if (isProjectWide) return "for the project's spend-based rate limit";
  return reason === 'backoff' ? `before the next attempt with ${model}` : `for quota of ${model}`;
}
