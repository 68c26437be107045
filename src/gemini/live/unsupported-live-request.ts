import type { GenerateRequest, Part } from '../../driver/request.js';
import { liveUnsupportedMimePattern } from '../../facts/media.js';
import { builtInModels } from '../../facts/models.js';

/**
 * What of a request the Live API can't take (ai.google.dev/api/live and /gemini-api/docs/live-api, read 2026-09), as far as
 * that is known without asking; undefined where nothing is. A phrase that goes on after the model's name.
 */
export function getLiveUnsupportedReason(model: string, { turns, parameters }: GenerateRequest): string | undefined {
  if ((parameters.stop ?? []).length > 0) return 'for the Live API has no stop sequences';
  if (parameters.thinking !== undefined && builtInModels.get(model)?.hasFixedThinking) {
    return "for it can't be told how long to think";
  }
  const unsupportedPart = turns.flatMap((turn) => (turn.role === 'user' ? turn.parts : [])).find(isUnsupportedPart);
  return unsupportedPart && 'for the Live API takes text, pictures and sound, and those as bytes';
}

function isUnsupportedPart(part: Part): boolean {
  if (part.type === 'text') return false;
  return part.content.from === 'reference' || liveUnsupportedMimePattern.test(part.mimeType ?? '');
}
