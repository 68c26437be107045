import type { NarrativeEvent } from '../../executor/narrative-events.js';
import type { ReplyOutput } from './reply-output.js';

interface QueuedOutput {
  output: Pick<ReplyOutput, 'onEvent'>;
  heldEvents: NarrativeEvent[];
  /** Absent while further events may follow. Called when all events are written. */
  finish?: () => void;
}

/**
 * Writes the events of parallel acts or narratives in the order of their positions, counted from 0. Events of the first
 * unfinished position are written immediately. Events of a later position are held until all positions before it have
 * finished.
 */
function createEventQueue() {
  const queue = new Map<number, QueuedOutput>();
  let current = 0;
  const advance = () => {
    for (let entry = queue.get(current); entry; entry = queue.get(current)) {
      for (const event of entry.heldEvents) entry.output.onEvent(event);
      entry.heldEvents = [];
      if (!entry.finish) return;
      entry.finish();
      queue.delete(current);
      current += 1;
    }
  };
  return {
    isHeldBack: (position: number) => position !== current,
    add: (position: number, output: QueuedOutput['output']) => void queue.set(position, { output, heldEvents: [] }),
    onEvent(position: number, event: NarrativeEvent) {
      const entry = queue.get(position);
      if (!entry) return;
      if (position === current) entry.output.onEvent(event);
      else entry.heldEvents = addHeldEvent(event, entry.heldEvents);
    },
    finish(position: number, finish: () => void) {
      const entry = queue.get(position);
      if (entry) entry.finish = finish;
      if (position === current) advance();
    },
  };
}

/**
 * Writes the replies of parallel narratives in order. Returns a function that wraps the output of the narrative at a
 * position, counted from 0. The events of a narrative must come act by act: if its acts run in parallel, its events
 * pass through `createActSequencer` first.
 */
export function createNarrativeSequencer() {
  const queue = createEventQueue();
  return (position: number, output: ReplyOutput): ReplyOutput & { isHeldBack(act: { index: number }): boolean } => {
    queue.add(position, output);
    return {
      isHeldBack: (act) => queue.isHeldBack(position) || output.isHeldBack?.(act) === true,
      onEvent: (event) => queue.onEvent(position, event),
      finish: (report) => queue.finish(position, () => output.finish(report)),
    };
  };
}

/**
 * Writes the replies of parallel acts in order. A failed act has no `act-end`, so the replies after it are never
 * written. Every event of an act must have an index: one without an index is passed on immediately.
 */
export function createActSequencer(output: ReplyOutput): ReplyOutput {
  const queue = createEventQueue();
  return {
    isHeldBack: (act) => queue.isHeldBack(act.index) || output.isHeldBack?.(act) === true,
    onEvent(event) {
      if (!('act' in event) || event.index === undefined) return output.onEvent(event);
      if (event.type === 'act-start') queue.add(event.index, output);
      queue.onEvent(event.index, event);
      if (event.type === 'act-end') queue.finish(event.index, () => {});
    },
    finish: (report) => output.finish(report),
  };
}

/**
 * Returns the held events with this event added, if it has something to write. An `act-end` replaces the deltas of its
 * act. It is held without `firstTokenMs`, so that the output writes its whole text, as it does for a reply that was not
 * streamed. An `act-retry` removes discarded text.
 */
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

/** Removes all deltas. They belong to the act that ends, because those of each earlier act were removed at its end. */
function withoutDeltas(heldEvents: readonly NarrativeEvent[]): NarrativeEvent[] {
  return heldEvents.filter(({ type }) => type !== 'act-delta');
}
