import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';
import type { ReplyOutput } from './reply-output.js';

/** Gives replies of a narrative its place among the others, counted from 0. */
export type ReplySequencer = (position: number, output: ReplyOutput) => ReplyOutput & { isQueued(): boolean };

interface QueuedOutput {
  output: ReplyOutput;
  heldEvents: NarrativeEvent[];
  report?: RunReport;
}

/**
 * Puts the replies of narratives that play at once in their order: the first one that is not over is written as it comes,
 * those after it are held back until it is.
 */
export function createReplySequencer(): ReplySequencer {
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
  return (position, output) => {
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

/** What is yet to be heard: of a reply that is whole no pieces, and nothing of an attempt that is void. */
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
      return event.discard ? withoutDeltas(heldEvents) : heldEvents;
    default:
      return heldEvents;
  }
}

/** A narrative plays one act after another: pieces are of the last one. */
function withoutDeltas(heldEvents: readonly NarrativeEvent[]): NarrativeEvent[] {
  return heldEvents.filter(({ type }) => type !== 'act-delta');
}
