import type { GenerateRequest } from '../driver/request.js';
import { abilitiesOf } from './model-abilities.js';
import { bareModel } from './wire-request.js';

/**
 * Why a model can't take a request, as far as the table of facts, its name and the request tell; undefined where nothing
 * speaks against it. A phrase that goes on after the model's name: "gemini-x is passed over, for …".
 */
export function cannotTake(model: string, { parameters }: GenerateRequest): string | undefined {
  const { generates, live } = abilitiesOf(bareModel(model));
  if (!generates && !live) return 'for it does not answer in text';
  // ai.google.dev/gemini-api/docs/live of September 2026: no structured output.
  if (!generates && parameters.format === 'json') return 'for it speaks only the Live API, which has no JSON replies';
  return undefined;
}
