import type { GenerateRequest } from '../../driver/request.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { getLiveUnsupportedReason } from '../live/unsupported-live-request.js';
import { getCapabilities } from './capabilities.js';

/**
 * Why a model can't serve a request, by the built-in facts, the model's name and the request; undefined if nothing is known
 * against it. A sentence without a period, about "it".
 */
export function getUnsupportedReason(model: string, request: GenerateRequest): string | undefined {
  const name = stripModelPrefix(model);
  const { supportsGenerate, supportsLive } = getCapabilities(name);
  if (supportsGenerate) return undefined;
  if (!supportsLive) return 'it does not generate text';
  // A JSON format is no reason: the Live API accepts no schema, but the reply is validated anyway.
  return getLiveUnsupportedReason(name, request);
}
