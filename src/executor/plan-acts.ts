import { getInnerNarrative, type Narrative } from '../narrative/narrative.js';

/** One call of a run to come. */
export interface PlannedAct {
  /** What its events call it. An act of a narrative within is `outer/inner`. */
  name: string;
  /** All the acts whose reply this one is: itself, and those that play a narrative which ends with it. */
  actNames: readonly string[];
  /** Whether its reply is that of an act of the outermost narrative. */
  isTopLevel: boolean;
}

/** The calls that a narrative comes to, in their order, those of all rounds. */
export function planActs(narrative: Narrative, namePrefix = ''): PlannedAct[] {
  const plannedRound = narrative.acts.flatMap((act): PlannedAct[] => {
    const name = `${namePrefix}${act.name}`;
    const inner = act.inputs.flatMap((input) =>
      input.type === 'narrative' ? planActs(input.narrative, `${name}/`) : [],
    );
    const nested = inner.map((planned) => ({ ...planned, isTopLevel: false }));
    if (!getInnerNarrative(act)) return [...nested, { name, actNames: [name], isTopLevel: true }];
    const lastNested = nested.at(-1);
    if (!lastNested) return [];
    return [...nested.slice(0, -1), { ...lastNested, actNames: [...lastNested.actNames, name], isTopLevel: true }];
  });
  return Array.from({ length: narrative.carousel ?? 1 }, () => plannedRound).flat();
}
