import type { GenerateRequest, Part } from '../../driver/request.js';
import { liveUnsupportedMimePattern, rejectsPartResolution } from '../../facts/media.js';
import { acceptsThinking } from '../../facts/model-facts.js';
import { builtInModels, isRestSpeechModel } from '../../facts/models.js';
import { liveTools, rejectsToolsWithJson } from '../../facts/tools.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { getCapabilities } from './capabilities.js';

/**
 * Returns why a model can't serve a request, or undefined if no reason is known. The reason is derived from the
 * built-in facts, the model's name and the request. It is a sentence without a period, in which "it" is the model.
 * @param model may be another model than that of the request, for example a fallback
 */
export function getUnsupportedReason(model: string, request: GenerateRequest): string | undefined {
  const name = stripModelPrefix(model);
  const { supportsGenerate, supportsLive } = getCapabilities(name);
  const wouldSpeakInsteadOfWrite = isRestSpeechModel(name) && !isRestSpeechModel(stripModelPrefix(request.model));
  if (wouldSpeakInsteadOfWrite || !(supportsGenerate || supportsLive)) return 'it does not generate text';
  if (supportsGenerate)
    return getThinkingReason(name, request) ?? getToolsReason(name, request) ?? getResolutionReason(name, request);
  // `format = "json"` is no reason: the Live API does not accept a schema, but boticelli validates the reply itself.
  return getLiveUnsupportedReason(name, request);
}

function getThinkingReason(model: string, { parameters: { thinking } }: GenerateRequest): string | undefined {
  const facts = builtInModels.get(model);
  if (!facts || thinking === undefined || acceptsThinking(facts, thinking)) return undefined;
  return `it does not accept thinking = ${JSON.stringify(thinking)}`;
}

function getToolsReason(model: string, { parameters: { tools = [], format } }: GenerateRequest): string | undefined {
  const usesToolsWithJson = tools.length > 0 && format === 'json';
  return usesToolsWithJson && rejectsToolsWithJson(model)
    ? 'it does not accept tools together with format = "json"'
    : undefined;
}

function getResolutionReason(model: string, { turns }: GenerateRequest): string | undefined {
  return rejectsPartResolution(model) && listUserParts(turns).some(hasOwnResolution)
    ? 'it accepts one media_resolution for the whole request, not one for a single medium'
    : undefined;
}

function hasOwnResolution(part: Part): boolean {
  return part.type === 'media' && part.mediaResolution !== undefined;
}

function listUserParts(turns: GenerateRequest['turns']): Part[] {
  return turns.flatMap((turn) => (turn.role === 'user' ? turn.parts : []));
}

/**
 * Returns why the Live API can't serve a request, or undefined if no reason is known. The reason is a sentence without
 * a period. It is derived from built-in facts (ai.google.dev/api/live and /gemini-api/docs/live-api, read 2026-09).
 */
export function getLiveUnsupportedReason(model: string, { turns, parameters }: GenerateRequest): string | undefined {
  if ((parameters.stop ?? []).length > 0) return 'the Live API has no stop sequences';
  if (parameters.thinking !== undefined && builtInModels.get(model)?.hasFixedThinking) {
    return 'its amount of thinking is fixed';
  }
  const unsupportedTool = parameters.tools?.find((tool) => !liveTools.includes(tool));
  if (unsupportedTool !== undefined) return `the Live API does not have the tool ${unsupportedTool}`;
  const parts = listUserParts(turns);
  if (parts.some(hasOwnResolution)) return 'the Live API has one media_resolution for all media';
  const unsupportedPart = parts.find(isUnsupportedPart);
  return unsupportedPart && 'the Live API takes only text, pictures and sound, and no YouTube videos or uploaded files';
}

function isUnsupportedPart(part: Part): boolean {
  if (part.type === 'text') return false;
  return part.content.from === 'url-for-service' || liveUnsupportedMimePattern.test(part.mimeType ?? '');
}
