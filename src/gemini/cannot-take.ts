import type { GenerateRequest } from '../driver/request.js';
import { liveObstacle } from './live/live-obstacle.js';
import { givesNoReplies, isLiveOnly } from './model-names.js';
import { bareModel } from './wire-request.js';

/**
 * Why a model can't take a request, as far as its name and the request tell without a network; undefined where nothing
 * speaks against it. A phrase that goes on after the model's name: "gemini-x is passed over, for …".
 */
export function cannotTake(model: string, request: GenerateRequest): string | undefined {
  const name = bareModel(model);
  if (isLiveOnly(name)) return liveObstacle(name, request);
  if (givesNoReplies(name) || /-tts\b/.test(name)) return 'for it does not answer in text';
  return undefined;
}
