import { stripModelPrefix } from '../util/model-name.js';
import { getBuiltInCapabilities, getCapabilities, type ModelCapabilities } from './models/capabilities.js';
import type { ModelListCache } from './models/model-info.js';

interface LiveApiPredicateOptions {
  /** The cached model list of the service. */
  modelListCache: Pick<ModelListCache, 'read'>;
  /** Whether to use the Live API for models that support both (`--live`). Default false. */
  preferLive?: boolean;
}

/**
 * Creates a function that decides, without a request, whether to use the Live API for a model. Reading the cached model
 * list may open a database, so the function reads it only if the built-in facts are not enough.
 */
export function createLiveApiPredicate({ modelListCache, preferLive = false }: LiveApiPredicateOptions) {
  const usesLive = ({ supportsGenerate, supportsLive }: ModelCapabilities) =>
    supportsLive && (preferLive || !supportsGenerate);
  return (requestedModel: string): Promise<boolean> | boolean => {
    const model = stripModelPrefix(requestedModel);
    const builtIn = getBuiltInCapabilities(model);
    // With preferLive, the list is read too, because it may name more Live models than the built-in facts.
    if (builtIn && (!preferLive || builtIn.supportsLive)) return usesLive(builtIn);
    return modelListCache.read().then((list) => usesLive(getCapabilities(model, list?.entries)));
  };
}
