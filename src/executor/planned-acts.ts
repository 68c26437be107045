import { composedNarrative, type Narrative } from '../narrative/narrative.js';

/** One call of a run to come. */
export interface PlannedAct {
  /** What its events call it. An act of a narrative within is `outer/inner`. */
  name: string;
  /** All the acts whose reply this one is: itself, and those that play a narrative which ends with it. */
  repliesOf: readonly string[];
  /** Whether its reply is that of an act of the outermost narrative. */
  isOutermost: boolean;
}

/** The calls that a narrative comes to, in their order, those of all rounds. */
export function plannedActs(narrative: Narrative, within = ''): PlannedAct[] {
  const round = narrative.acts.flatMap((act): PlannedAct[] => {
    const name = `${within}${act.name}`;
    const inner = act.inputs.flatMap((input) =>
      input.type === 'narrative' ? plannedActs(input.narrative, `${name}/`) : [],
    );
    const hidden = inner.map((planned) => ({ ...planned, isOutermost: false }));
    if (!composedNarrative(act)) return [...hidden, { name, repliesOf: [name], isOutermost: true }];
    const last = hidden.at(-1);
    if (!last) return [];
    return [...hidden.slice(0, -1), { ...last, repliesOf: [...last.repliesOf, name], isOutermost: true }];
  });
  return Array.from({ length: narrative.carousel ?? 1 }, () => round).flat();
}
