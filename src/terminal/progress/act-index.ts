import type { NarrativeEvent } from '../../executor/narrative-events.js';

/** An event of an act. */
export type ActEvent = Extract<NarrativeEvent, { act: string }>;

/**
 * Creates a function that returns the index of the act of an event. If acts run one after another, some events
 * have no index: they belong to the act that started last. Call the function with all events of all acts, in order.
 */
export function createActIndexer(): (event: ActEvent) => number {
  let latest = 0;
  return (event) => {
    if (event.type === 'act-start') latest = event.index;
    return event.index ?? latest;
  };
}
