import type { GenerationParameters } from '../driver/request.js';
import type { Act, Narrative } from './narrative.js';

/** What holds for every act of a run, whatever the file says. */
export interface Overrides {
  model?: string;
  parameters: GenerationParameters;
}

/** The narrative, and those that it plays, as they play under the overrides; the given one stays as it is. */
export function applyOverrides(narrative: Narrative, { model, parameters }: Overrides): Narrative {
  // One that is played in several places is overridden once: where each plays the next one twice, they would double.
  const results = new Map<Narrative, Narrative>();
  const applyToNarrative = (original: Narrative): Narrative => {
    const existing = results.get(original);
    if (existing) return existing;
    const result = { ...original, acts: original.acts.map(applyToAct) };
    results.set(original, result);
    return result;
  };
  const applyToAct = (act: Act): Act => ({
    ...act,
    ...(model !== undefined && { model }),
    parameters: { ...act.parameters, ...parameters },
    inputs: act.inputs.map((input) =>
      input.type === 'narrative' ? { ...input, narrative: applyToNarrative(input.narrative) } : input,
    ),
  });
  return applyToNarrative(narrative);
}
