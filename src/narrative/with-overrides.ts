import type { GenerationParameters } from '../driver/request.js';
import type { Act, Narrative } from './narrative.js';

/** What holds for every act of a run, whatever the file says. */
export interface Overrides {
  model?: string;
  parameters: GenerationParameters;
}

/** The narrative, and those that it plays, as they play under the overrides; the given one stays as it is. */
export function withOverrides(narrative: Narrative, { model, parameters }: Overrides): Narrative {
  // One that is played in several places is overridden once: where each plays the next one twice, they would double.
  const done = new Map<Narrative, Narrative>();
  const overridden = (given: Narrative): Narrative => {
    const known = done.get(given);
    if (known) return known;
    const result = { ...given, acts: given.acts.map(overriddenAct) };
    done.set(given, result);
    return result;
  };
  const overriddenAct = (act: Act): Act => ({
    ...act,
    ...(model !== undefined && { model }),
    parameters: { ...act.parameters, ...parameters },
    inputs: act.inputs.map((input) =>
      input.type === 'narrative' ? { ...input, narrative: overridden(input.narrative) } : input,
    ),
  });
  return overridden(narrative);
}
