import { stripModelPrefix } from '../util/model-name.js';
import { getCapabilities, getKnownCapabilities, type ModelCapabilities } from './models/capabilities.js';
import type { ModelListCache } from './models/model-info.js';

export interface LiveApiSelectorOptions {
  /** Where the service's list is, if it is known. */
  modelListCache: Pick<ModelListCache, 'read'>;
  /** Whether models that can do both are to speak Live: `--live`. */
  preferLive?: boolean;
}

/** Whether a model is to be spoken to over the Live API. */
export type LiveApiSelector = (model: string) => Promise<boolean> | boolean;

/**
 * Decides between REST and Live without any request: a model that speaks Live alone goes Live, one that can do both where
 * that is preferred. What the table of facts decides is not looked up in the list, so a run with a well-known model opens
 * nothing for it.
 */
export function createLiveApiSelector({ modelListCache, preferLive = false }: LiveApiSelectorOptions): LiveApiSelector {
  const usesLive = ({ supportsGenerate, supportsLive }: ModelCapabilities) =>
    supportsLive && (preferLive || !supportsGenerate);
  return (requestedModel) => {
    const model = stripModelPrefix(requestedModel);
    const known = getKnownCapabilities(model);
    // That a model can do both, the list may know better.
    if (known && (!preferLive || known.supportsLive)) return usesLive(known);
    return modelListCache.read().then((list) => usesLive(getCapabilities(model, list?.entries)));
  };
}
