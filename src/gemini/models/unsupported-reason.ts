import type { GenerateRequest } from '../../driver/request.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { getLiveUnsupportedReason } from '../live/unsupported-live-request.js';
import { getCapabilities } from './capabilities.js';

/**
 * Why a model can't take a request, as far as the table of facts, its name and the request tell; undefined where nothing
 * speaks against it. A phrase that goes on after the model's name: "gemini-x is passed over, for …".
 */
export function getUnsupportedReason(model: string, request: GenerateRequest): string | undefined {
  const name = stripModelPrefix(model);
  const { supportsGenerate, supportsLive } = getCapabilities(name);
  if (supportsGenerate) return undefined;
  if (!supportsLive) return 'for it does not answer in text';
  // JSON is none: the Live API takes no schema, but the reply is checked all the same.
  return getLiveUnsupportedReason(name, request);
}
