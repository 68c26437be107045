import type {
  GenerateContentConfig,
  HarmBlockThreshold,
  HarmCategory,
  ThinkingConfig,
  ThinkingLevel,
} from '@google/genai';
import type { GenerationParameters } from '../../driver/request.js';

/** The settings of a request that have to do with how the model generates, in the SDK's terms. */
export type SdkParameters = Pick<
  GenerateContentConfig,
  | 'temperature'
  | 'maxOutputTokens'
  | 'topP'
  | 'topK'
  | 'seed'
  | 'stopSequences'
  | 'thinkingConfig'
  | 'safetySettings'
  | 'responseMimeType'
  | 'responseJsonSchema'
>;

/** How the model shall generate, in the SDK's terms. What the request leaves open is not in it. */
export function convertParameters(parameters: GenerationParameters): SdkParameters {
  const { temperature, maxTokens, topP, topK, seed, stop, thinking, safety, format, schema } = parameters;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(seed !== undefined && { seed }),
    ...(stop && stop.length > 0 && { stopSequences: [...stop] }),
    ...(thinking !== undefined && { thinkingConfig: convertThinking(thinking) }),
    ...(safety && Object.keys(safety).length > 0 && { safetySettings: convertSafety(safety) }),
    ...(format === 'json' && { responseMimeType: 'application/json' }),
    // Not `responseSchema`: that is a dialect of OpenAPI, which has no $ref and no lists of types.
    ...(format === 'json' && schema && { responseJsonSchema: schema }),
  };
}

/** Models before Gemini 3 take a number alone, later ones prefer a level: which one is for the author to know. */
function convertThinking(thinking: NonNullable<GenerationParameters['thinking']>): ThinkingConfig {
  if (typeof thinking === 'number') return { thinkingBudget: thinking };
  return { thinkingLevel: thinking.toUpperCase() as ThinkingLevel };
}

function convertSafety(safety: NonNullable<GenerationParameters['safety']>) {
  return Object.entries(safety).map(([category, threshold]) => ({
    category: category as HarmCategory,
    threshold: threshold as HarmBlockThreshold,
  }));
}
