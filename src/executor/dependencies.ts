import { type Act, listTemplateTexts, type Narrative } from '../narrative/narrative.js';
import { getPlaceholderNames, getVariableName, isRowName } from '../narrative/template.js';
import { type EarlierPositions, planVisiblePositions } from './conversation.js';

/**
 * Finds the act to which a placeholder refers: an act of the same round that comes before the act with the placeholder.
 */
export interface ActPositions {
  /** Returns the latest position before `position` whose act has the name and gets a reply; undefined if none does. */
  findLatest(name: string, position: number): number | undefined;
  /** Returns the position of the reply that `{{previous}}` means at `position`; undefined if there is none. */
  findPrevious(position: number): number | undefined;
}

/**
 * Creates the lookup for the acts of a round.
 * @param getsReply whether the act at a position gets a reply. An act whose nested narrative has no acts gets no reply
 */
export function createActPositions(acts: readonly Act[], getsReply: (position: number) => boolean): ActPositions {
  let positionsByName: Map<string, number[]> | undefined;
  const groupPositions = () => {
    const groups = new Map<string, number[]>();
    for (const [position, { name }] of acts.entries()) {
      const group = groups.get(name) ?? [];
      if (getsReply(position)) group.push(position);
      groups.set(name, group);
    }
    return groups;
  };
  return {
    findLatest(name, position) {
      positionsByName ??= groupPositions();
      return positionsByName.get(name)?.findLast((at) => at < position);
    },
    findPrevious(position) {
      for (let at = position - 1; at >= 0; at -= 1) if (getsReply(at)) return at;
      return undefined;
    },
  };
}

/**
 * Returns, for each act of a narrative, the positions of the acts that must finish before it starts: those that its
 * context shows, and those to which its texts, its expectations and the `file` or `url` of its media refer.
 */
export function planDependencies({ acts, templates }: Narrative, positions: ActPositions): EarlierPositions[] {
  return planVisiblePositions(acts).map((visible, position) => {
    const act = acts[position];
    if (visible === 'all' || !act || templates === false) return visible;
    const referenced = listTemplateTexts(act)
      .flatMap(getPlaceholderNames)
      .map((name) => findReferencedPosition(name, position, positions));
    return [...new Set([...visible, ...referenced.filter((at) => at !== undefined)])];
  });
}

function findReferencedPosition(name: string, position: number, positions: ActPositions): number | undefined {
  if (name === 'previous') return positions.findPrevious(position);
  if (name === 'stdin' || name === 'round' || isRowName(name)) return undefined;
  return getVariableName(name) === undefined ? positions.findLatest(name, position) : undefined;
}

/**
 * Calls `run` for each act of a round as soon as the acts that it depends on have finished. An act that depends on a
 * failed act is not passed to `run`. After a failure, all other acts are still passed to `run`, which must reject those
 * that should not start. Settles when all acts have ended; rejects with the first error.
 */
export async function runWhenReady(
  acts: readonly Act[],
  dependencies: readonly EarlierPositions[],
  run: (act: Act, position: number) => Promise<void>,
): Promise<void> {
  let failure: { thrown: unknown } | undefined;
  const tryRun = async (act: Act, position: number) => {
    try {
      await run(act, position);
      return true;
    } catch (thrown) {
      failure ??= { thrown };
      return false;
    }
  };
  /** Whether each act has succeeded, by position. */
  const successes: Promise<boolean>[] = [];
  /** Whether all acts before the current position have succeeded. */
  let allBefore = Promise.resolve(true);
  for (const [position, act] of acts.entries()) {
    const needed = dependencies[position] ?? 'all';
    const ready = needed === 'all' ? allBefore : areAllTrue(needed.flatMap((at) => successes[at] ?? []));
    const success = ready.then((isReady) => isReady && tryRun(act, position));
    successes.push(success);
    allBefore = areAllTrue([allBefore, success]);
  }
  await allBefore;
  if (failure) throw failure.thrown;
}

async function areAllTrue(promises: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(promises)).every(Boolean);
}
