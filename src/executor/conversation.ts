import type { Turn, UserTurn } from '../driver/request.js';
import type { Act } from '../narrative/narrative.js';

/** What an act adds to a conversation: its prompt and its reply. */
export type TurnPair = readonly [UserTurn, Turn];

/** The conversation of one round. */
export interface Conversation {
  /** The turns that the act at a position sees according to its `context`, oldest first. */
  getVisibleTurns(position: number): Turn[];
  /** Adds the turns of the act at a position. Call it in the order of the acts. */
  add(position: number, turns: TurnPair): void;
}

/**
 * Creates the conversation of acts that run in this order. Turns that no later act can see are dropped, so a narrative
 * of thousands of acts with little context needs little memory.
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

/** Returns the positions that an act with a context other than `full` sees, in the order in which they ran. */
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

/** Returns, for each position, the positions whose turns can be dropped after its act: no later act sees them. */
function planEvictions(acts: readonly Act[]): ReadonlyMap<number, number[]> {
  /** For each position, the position of the last act that sees it. */
  const lastViewers = acts.map((_, position) => position);
  const latestPositions = new Map<string, number>();
  let lastFullPosition = -1;
  for (const [position, { name, context = 'full' }] of acts.entries()) {
    if (context === 'full') lastFullPosition = position;
    else for (const at of resolveContext(context, position, latestPositions)) lastViewers[at] = position;
    latestPositions.set(name, position);
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
