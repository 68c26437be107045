import type { GenerateRequest } from '../../driver/request.js';
import { liveObstacle } from '../live/unsupported-request.js';
import { bareModel } from '../rest/convert-request.js';
import { abilitiesOf } from './capabilities.js';

/**
 * Why a model can't take a request, as far as the table of facts, its name and the request tell; undefined where nothing
 * speaks against it. A phrase that goes on after the model's name: "gemini-x is passed over, for …".
 */
export function cannotTake(model: string, request: GenerateRequest): string | undefined {
  const name = bareModel(model);
  const { generates, live } = abilitiesOf(name);
  if (generates) return undefined;
  if (!live) return 'for it does not answer in text';
  // JSON is none: the Live API takes no schema, but the reply is checked all the same.
  return liveObstacle(name, request);
}
