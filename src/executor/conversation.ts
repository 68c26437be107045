import type { Turn, UserTurn } from '../driver/request.js';
import type { Act } from '../narrative/narrative.js';

/** What an act adds to a conversation: its prompt and its reply. */
export type TurnPair = readonly [UserTurn, Turn];

/** The conversation of one round. */
export interface Conversation {
  /** The turns that the act at a position sees according to its `context`, oldest first. */
  getVisibleTurns(position: number): Turn[];
  /** Adds the turns of the act at a position, if it has any. Call it once for each act, in the order of finishing. */
  add(position: number, turns: TurnPair | undefined): void;
}

/** The positions of some acts that come before an act; `all` stands for all positions before its own. */
export type EarlierPositions = 'all' | readonly number[];

/**
 * Creates the conversation of the acts of a round. Turns that no later act can see are dropped, so a narrative of
 * thousands of acts with little context needs little memory.
 */
export function createConversation(acts: readonly Act[], visible = planVisiblePositions(acts)): Conversation {
  const evictedAfter = planEvictions(visible);
  const retained = new Map<number, TurnPair>();
  /** The positions of the finished acts that come after `oldestUnfinished`. */
  const finished = new Set<number>();
  let oldestUnfinished = 0;

  const getVisiblePositions = (position: number): readonly number[] => {
    const positions = visible[position] ?? [];
    if (positions !== 'all') return positions;
    return [...retained.keys()].filter((at) => at < position).sort((left, right) => left - right);
  };
  return {
    getVisibleTurns: (position) => getVisiblePositions(position).flatMap((at) => retained.get(at) ?? []),
    add(position, turns) {
      if (turns) retained.set(position, turns);
      finished.add(position);
      // The turns of an act are dropped once all acts up to the last one that sees them have finished.
      for (; finished.delete(oldestUnfinished); oldestUnfinished += 1)
        for (const at of evictedAfter.get(oldestUnfinished) ?? []) retained.delete(at);
    },
  };
}

/** Returns, for the act at each position, the positions that it sees, in order. */
export function planVisiblePositions(acts: readonly Act[]): EarlierPositions[] {
  const latestPositions = new Map<string, number>();
  return acts.map(({ name, context = 'full' }, position) => {
    const visible = context === 'full' ? 'all' : listContextPositions(context, position, latestPositions);
    latestPositions.set(name, position);
    return visible;
  });
}

/** Returns the positions that an act with a context other than `full` sees, in order. */
function listContextPositions(
  context: Exclude<Act['context'], 'full' | undefined>,
  position: number,
  latestPositions: ReadonlyMap<string, number>,
): number[] {
  if (context === 'none') return [];
  if (context === 'previous') return position > 0 ? [position - 1] : [];
  const positions = context.map((name) => latestPositions.get(name)).filter((at) => at !== undefined);
  return [...new Set(positions)].sort((left, right) => left - right);
}

/**
 * Groups the positions of acts by the last position at which their turns are needed. The turns are dropped once the act
 * at that last position and all acts before it have finished.
 */
function planEvictions(visible: readonly EarlierPositions[]): ReadonlyMap<number, number[]> {
  /** For each position, the position of the last act that sees it, or its own position if no act sees it. */
  const lastViewers = visible.map((_, position) => position);
  let lastFullPosition = -1;
  for (const [position, positions] of visible.entries()) {
    if (positions === 'all') lastFullPosition = position;
    else for (const at of positions) lastViewers[at] = position;
  }
  const evictions = new Map<number, number[]>();
  for (const [position, lastViewer] of lastViewers.entries()) {
    // An act with the full context sees all positions before its own.
    const lastNeeded = position < lastFullPosition ? Math.max(lastViewer, lastFullPosition) : lastViewer;
    const evicted = evictions.get(lastNeeded) ?? [];
    evicted.push(position);
    evictions.set(lastNeeded, evicted);
  }
  return evictions;
}
