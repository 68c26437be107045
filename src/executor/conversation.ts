import type { Turn, UserTurn } from '../driver/request.js';
import type { Act } from '../narrative/narrative.js';

/** What an act adds to a conversation: what was asked and what was answered. */
export type TurnPair = readonly [UserTurn, Turn];

/** The conversation of one round. */
export interface Conversation {
  /** The turns that the act at a position sees, by its `context`, oldest first. */
  getVisibleTurns(position: number): Turn[];
  /** Adds what the act at a position came to. Acts are added in order. */
  add(position: number, turns: TurnPair): void;
}

/**
 * A conversation among acts that play in this order. It keeps each exchange only for as long as an act to come may see
 * it, so that a narrative of thousands of acts with little context takes little memory.
 */
export function createConversation(acts: readonly Act[]): Conversation {
  const evictedAfter = planEvictions(acts);
  const retained = new Map<number, TurnPair>();
  const latestPositions = new Map<string, number>();

  const getVisiblePositions = (position: number): Iterable<number> => {
    const { context = 'full' } = acts[position] ?? {};
    if (context === 'full') return retained.keys();
    return resolveContext(context, position, latestPositions);
  };
  return {
    getVisibleTurns: (position) => [...getVisiblePositions(position)].flatMap((at) => retained.get(at) ?? []),
    add(position, turns) {
      retained.set(position, turns);
      latestPositions.set(acts[position]?.name ?? '', position);
      for (const at of evictedAfter.get(position) ?? []) retained.delete(at);
    },
  };
}

/** The positions that an act sees whose context is not full, in the order in which they played. */
function resolveContext(
  context: Exclude<Act['context'], 'full' | undefined>,
  position: number,
  latestPositions: ReadonlyMap<string, number>,
): number[] {
  if (context === 'none') return [];
  if (context === 'previous') return position > 0 ? [position - 1] : [];
  const positions = context.map((name) => latestPositions.get(name)).filter((at) => at !== undefined);
  return [...new Set(positions)].sort((left, right) => left - right);
}

/** Which exchanges no act sees any more, by the position after which that is so. */
function planEvictions(acts: readonly Act[]): ReadonlyMap<number, number[]> {
  const lastVisibleAt = acts.map((_, position) => position);
  const latestPositions = new Map<string, number>();
  let lastFullPosition = -1;
  for (const [position, { name, context = 'full' }] of acts.entries()) {
    if (context === 'full') lastFullPosition = position;
    else for (const at of resolveContext(context, position, latestPositions)) lastVisibleAt[at] = position;
    latestPositions.set(name, position);
  }
  const evictions = new Map<number, number[]>();
  for (const [position, lastVisible] of lastVisibleAt.entries()) {
    const lastNeeded = Math.max(lastVisible, position < lastFullPosition ? lastFullPosition : -1);
    const evicted = evictions.get(lastNeeded);
    if (evicted) evicted.push(position);
    else evictions.set(lastNeeded, [position]);
  }
  return evictions;
}
