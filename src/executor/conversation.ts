import type { Turn, UserTurn } from '../driver/request.js';
import type { Act } from '../narrative/narrative.js';

/** What an act adds to a conversation: what was asked and what was answered. */
export type Exchange = readonly [UserTurn, Turn];

/** The conversation of one round. */
export interface Conversation {
  /** The turns that the act at a position sees, by its `context`, oldest first. */
  seenAt(position: number): Turn[];
  /** Adds what the act at a position came to. Acts are added in order. */
  add(position: number, exchange: Exchange): void;
}

/**
 * A conversation among acts that play in this order. It keeps each exchange only for as long as an act to come may see
 * it, so that a narrative of thousands of acts with little context takes little memory.
 */
export function createConversation(acts: readonly Act[]): Conversation {
  const forgottenAfter = forgettingPlan(acts);
  const kept = new Map<number, Exchange>();
  const latest = new Map<string, number>();

  const positionsSeenAt = (position: number): Iterable<number> => {
    const { context = 'full' } = acts[position] ?? {};
    if (context === 'full') return kept.keys();
    return seenWithoutFull(context, position, latest);
  };
  return {
    seenAt: (position) => [...positionsSeenAt(position)].flatMap((at) => kept.get(at) ?? []),
    add(position, exchange) {
      kept.set(position, exchange);
      latest.set(acts[position]?.name ?? '', position);
      for (const at of forgottenAfter.get(position) ?? []) kept.delete(at);
    },
  };
}

/** The positions that an act sees whose context is not full, in the order in which they played. */
function seenWithoutFull(
  context: Exclude<Act['context'], 'full' | undefined>,
  position: number,
  latest: ReadonlyMap<string, number>,
): number[] {
  if (context === 'none') return [];
  if (context === 'previous') return position > 0 ? [position - 1] : [];
  const positions = context.map((name) => latest.get(name)).filter((at) => at !== undefined);
  return [...new Set(positions)].sort((left, right) => left - right);
}

/** Which exchanges no act sees any more, by the position after which that is so. */
function forgettingPlan(acts: readonly Act[]): ReadonlyMap<number, number[]> {
  const lastSeen = acts.map((_, position) => position);
  const latest = new Map<string, number>();
  let lastFull = -1;
  for (const [position, { name, context = 'full' }] of acts.entries()) {
    if (context === 'full') lastFull = position;
    else for (const at of seenWithoutFull(context, position, latest)) lastSeen[at] = position;
    latest.set(name, position);
  }
  const plan = new Map<number, number[]>();
  for (const [position, last] of lastSeen.entries()) {
    const until = Math.max(last, position < lastFull ? lastFull : -1);
    const forgotten = plan.get(until);
    if (forgotten) forgotten.push(position);
    else plan.set(until, [position]);
  }
  return plan;
}
