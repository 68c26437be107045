import type { GenerationParameters } from '../driver/request.js';
import type { Narrative } from './narrative.js';

/** What holds for every act of a run, whatever the file says. */
export interface Overrides {
  model?: string;
  parameters: GenerationParameters;
}

/** The narrative as it plays under the overrides; the given one stays as it is. */
export function withOverrides(narrative: Narrative, { model, parameters }: Overrides): Narrative {
  return {
    ...narrative,
    acts: narrative.acts.map((act) => ({
      ...act,
      ...(model !== undefined && { model }),
      parameters: { ...act.parameters, ...parameters },
    })),
  };
}
