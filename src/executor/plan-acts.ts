import { getNestedNarrative, type Narrative } from '../narrative/narrative.js';

/** One request that a run will make. */
export interface PlannedAct {
  /** Its name in events: `outer/inner` for an act of a nested narrative. */
  name: string;
  /** All acts that have its reply: itself, and the acts whose nested narrative ends with it. */
  actNames: readonly string[];
  /** Whether its reply is that of an act of the outermost narrative. */
  isTopLevel: boolean;
}

/** The requests of a narrative in order, over all rounds. */
export function planActs(narrative: Narrative, namePrefix = ''): PlannedAct[] {
  const plannedRound = narrative.acts.flatMap((act): PlannedAct[] => {
    const name = `${namePrefix}${act.name}`;
    const inner = act.inputs.flatMap((input) =>
      input.type === 'narrative' ? planActs(input.narrative, `${name}/`) : [],
    );
    const nested = inner.map((planned) => ({ ...planned, isTopLevel: false }));
    if (!getNestedNarrative(act)) return [...nested, { name, actNames: [name], isTopLevel: true }];
    const lastNested = nested.at(-1);
    if (!lastNested) return [];
    return [...nested.slice(0, -1), { ...lastNested, actNames: [...lastNested.actNames, name], isTopLevel: true }];
  });
  return Array.from({ length: narrative.carousel ?? 1 }, () => plannedRound).flat();
}
