import type { GenerationParameters } from '../driver/request.js';
import type { Act, Narrative } from './narrative.js';

/** Settings that apply to every act of a run and take precedence over the file. */
export interface Overrides {
  model?: string;
  parameters: GenerationParameters;
}

/** Returns a copy of the narrative, nested ones included, with the overrides applied. */
export function applyOverrides(narrative: Narrative, { model, parameters }: Overrides): Narrative {
  // Each narrative is copied once: if each one nested the next one twice, the copies would double at every level.
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
