import { builtInModels } from '../facts/models.js';
import type { ServiceTier } from '../facts/service-tiers.js';
import type { GenerateRequest } from './request.js';

/**
 * Returns the service tier that a request asks for: the first of its tiers. Undefined for the service's default, and
 * for Live models, which have no service tiers.
 */
export function getServiceTier({ model, serviceTiers }: GenerateRequest): ServiceTier | undefined {
  return builtInModels.get(model)?.api === 'live' ? undefined : serviceTiers?.[0];
}
