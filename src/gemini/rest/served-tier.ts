import type { GenerateRequest } from '../../driver/request.js';
import type { TokenDetails } from '../../driver/response.js';
import { getServiceTier } from '../../driver/service-tier.js';
import { parseServiceTier } from '../../facts/service-tiers.js';

/**
 * Adds the service tier that served a request: the one that the response's header states, else the one that its usage
 * states, else the one that was asked for. A header with an unknown tier is ignored.
 */
export function addServedTier<Target extends { tokenDetails?: TokenDetails }>(
  response: Target,
  header: string | undefined,
  request: GenerateRequest,
): Target {
  const serviceTier = parseServiceTier(header) ?? response.tokenDetails?.serviceTier ?? getServiceTier(request);
  return serviceTier === undefined
    ? response
    : { ...response, tokenDetails: { ...response.tokenDetails, serviceTier } };
}
