import { type Act, makesRequest, type Narrative } from '../narrative/narrative.js';

/** One request that a run will make. */
export interface PlannedAct {
  /** The name of the act in events, which is `outer/inner` for an act of a nested narrative. */
  name: string;
  /**
   * The names of all acts whose reply is the reply to this request: the act itself, and outer acts that make no request
   * of their own. An outer act without a request gets the last reply of its nested narrative.
   */
  actsWithThisReply: readonly string[];
  /** Whether one of `actsWithThisReply` is an act of the narrative that is planned, not of a nested one. */
  isReplyOfTopLevelAct: boolean;
}

/** Lists the requests of a narrative in order, over all rounds. */
export function planActs(narrative: Narrative, namePrefix = ''): PlannedAct[] {
  const plannedRound = narrative.acts.flatMap((act): PlannedAct[] => {
    const name = `${namePrefix}${act.name}`;
    const nested = act.inputs
      .flatMap((input) => (input.type === 'narrative' ? planActs(input.narrative, `${name}/`) : []))
      .map((planned) => ({ ...planned, isReplyOfTopLevelAct: false }));
    if (makesRequest(act)) return [...nested, { name, actsWithThisReply: [name], isReplyOfTopLevelAct: true }];
    const lastNested = nested.at(-1);
    if (!lastNested) return [];
    return [
      ...nested.slice(0, -1),
      { ...lastNested, actsWithThisReply: [...lastNested.actsWithThisReply, name], isReplyOfTopLevelAct: true },
    ];
  });
  return Array.from({ length: narrative.rounds ?? 1 }, () => plannedRound).flat();
}

/** Counts the requests of a narrative, over all rounds. */
export function countRequests({ acts, rounds = 1 }: Narrative): number {
  return rounds * acts.reduce((sum, act) => sum + countRequestsOfAct(act), 0);
}

/** Counts the requests of an act: those of the narratives in it, and its own if it makes one. */
export function countRequestsOfAct(act: Act): number {
  const nested = act.inputs.map((input) => (input.type === 'narrative' ? countRequests(input.narrative) : 0));
  return nested.reduce((sum, count) => sum + count, makesRequest(act) ? 1 : 0);
}
