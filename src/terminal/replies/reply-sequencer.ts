import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';
import type { ReplyOutput } from './reply-output.js';

interface QueuedOutput {
  output: ReplyOutput;
  heldEvents: NarrativeEvent[];
  report?: RunReport;
}

/**
 * Writes the replies of parallel narratives in order. Replies of the first unfinished narrative are written
 * immediately. Replies of a later narrative are held until all narratives before it have finished. Returns a function
 * that wraps the output of the narrative at a position, counted from 0.
 */
export function createReplySequencer() {
  const queue: QueuedOutput[] = [];
  let current = 0;
  const advance = () => {
    for (let entry = queue[current]; entry; entry = queue[current]) {
      for (const event of entry.heldEvents) entry.output.onEvent(event);
      entry.heldEvents = [];
      if (!entry.report) return;
      entry.output.finish(entry.report);
      current += 1;
    }
  };
  return (position: number, output: ReplyOutput): ReplyOutput & { isQueued(): boolean } => {
    const entry: QueuedOutput = { output, heldEvents: [] };
    queue[position] = entry;
    return {
      isQueued: () => position !== current,
      onEvent(event) {
        if (position === current) output.onEvent(event);
        else entry.heldEvents = addHeldEvent(event, entry.heldEvents);
      },
      finish(report) {
        entry.report = report;
        if (position === current) advance();
      },
    };
  };
}

/** Adds an event to the held events. The deltas of a complete reply or a discarded attempt are removed. */
function addHeldEvent(event: NarrativeEvent, heldEvents: NarrativeEvent[]): NarrativeEvent[] {
  switch (event.type) {
    case 'act-start':
    case 'act-delta':
    case 'narrative-end':
      heldEvents.push(event);
      return heldEvents;
    case 'act-end': {
      const { firstTokenMs: _, ...actEnd } = event;
      return [...withoutDeltas(heldEvents), actEnd];
    }
    case 'act-retry':
      return event.discard ? truncateDeltas(heldEvents, event.keepChars) : heldEvents;
    default:
      return heldEvents;
  }
}

/** Removes the text of the current act's deltas after the first `keepChars` UTF-16 units. */
function truncateDeltas(heldEvents: readonly NarrativeEvent[], keepChars = 0): NarrativeEvent[] {
  let remaining = keepChars;
  return heldEvents.flatMap((event) => {
    if (event.type !== 'act-delta') return event;
    const text = event.text.slice(0, remaining);
    remaining -= text.length;
    return text === '' ? [] : { ...event, text };
  });
}

/** Removes the deltas of the current act. Acts run one after another, so no deltas of other acts are held. */
function withoutDeltas(heldEvents: readonly NarrativeEvent[]): NarrativeEvent[] {
  return heldEvents.filter(({ type }) => type !== 'act-delta');
}
