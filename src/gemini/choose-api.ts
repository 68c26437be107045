import { abilitiesInTable, abilitiesOf, type ModelAbilities } from './models/capabilities.js';
import type { CatalogueMemory } from './models/model-info.js';
import { bareModel } from './rest/convert-request.js';

export interface LiveRoutingOptions {
  /** Where the service's list is, if it is known. */
  catalogue: Pick<CatalogueMemory, 'recall'>;
  /** Whether models that can do both are to speak Live: `--live`. */
  preferLive?: boolean;
}

/** Whether a model is to be spoken to over the Live API. */
export type SpeaksLive = (model: string) => Promise<boolean> | boolean;

/**
 * Decides between REST and Live without any request: a model that speaks Live alone goes Live, one that can do both where
 * that is preferred. What the table of facts decides is not looked up in the list, so a run with a well-known model opens
 * nothing for it.
 */
export function liveRouting({ catalogue, preferLive = false }: LiveRoutingOptions): SpeaksLive {
  const goesLive = ({ generates, live }: ModelAbilities) => live && (preferLive || !generates);
  return (asked) => {
    const model = bareModel(asked);
    const inTable = abilitiesInTable(model);
    // That a model can do both, the list may know better.
    if (inTable && (!preferLive || inTable.live)) return goesLive(inTable);
    return catalogue.recall().then((known) => goesLive(abilitiesOf(model, known?.entries)));
  };
}
