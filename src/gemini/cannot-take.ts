import type { GenerateRequest } from '../driver/request.js';
import { bareModel } from './wire-request.js';

/**
 * Why a model can't take a request, as far as its name and the request tell without a network; undefined where nothing
 * speaks against it. A phrase that goes on after the model's name: "gemini-x is passed over, for …".
 */
export function cannotTake(model: string, _request: GenerateRequest): string | undefined {
  if (isLiveOnly(bareModel(model))) return 'for it speaks only the Live API, which this version does not';
  if (/embedding|imagen|veo|-tts\b/.test(model)) return 'for it does not answer in text';
  return undefined;
}

/** By the names that Live models have: gemini-3.8-live, gemini-3.1-flash-live-preview, …-native-audio-… (wire.md). */
function isLiveOnly(model: string): boolean {
  return /-live(-|$)|native-audio/.test(model);
}
