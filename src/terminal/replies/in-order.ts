import type { NarrativeEvent, RunReport } from '../../executor/event.js';
import type { Replies } from './replies.js';

/** Gives replies of a narrative its place among the others, counted from 0. */
export type InOrder = (at: number, replies: Replies) => Replies & { isHeldBack(): boolean };

interface Place {
  replies: Replies;
  held: NarrativeEvent[];
  report?: RunReport;
}

/**
 * Puts the replies of narratives that play at once in their order: the first one that is not over is written as it comes,
 * those after it are held back until it is.
 */
export function createInOrder(): InOrder {
  const places: Place[] = [];
  let turn = 0;
  const advance = () => {
    for (let place = places[turn]; place; place = places[turn]) {
      for (const event of place.held) place.replies.onEvent(event);
      place.held = [];
      if (!place.report) return;
      place.replies.finish(place.report);
      turn += 1;
    }
  };
  return (at, replies) => {
    const place: Place = { replies, held: [] };
    places[at] = place;
    return {
      isHeldBack: () => at !== turn,
      onEvent(event) {
        if (at === turn) replies.onEvent(event);
        else place.held = heldWith(event, place.held);
      },
      finish(report) {
        place.report = report;
        if (at === turn) advance();
      },
    };
  };
}

/** What is yet to be heard: of a reply that is whole no pieces, and nothing of an attempt that is void. */
function heldWith(event: NarrativeEvent, held: NarrativeEvent[]): NarrativeEvent[] {
  switch (event.type) {
    case 'act-start':
    case 'act-delta':
    case 'narrative-end':
      held.push(event);
      return held;
    case 'act-end': {
      const { firstTokenMs: _, ...whole } = event;
      return [...withoutPieces(held), whole];
    }
    case 'act-retry':
      return event.discard ? withoutPieces(held) : held;
    default:
      return held;
  }
}

/** A narrative plays one act after another: pieces are of the last one. */
function withoutPieces(held: readonly NarrativeEvent[]): NarrativeEvent[] {
  return held.filter(({ type }) => type !== 'act-delta');
}
