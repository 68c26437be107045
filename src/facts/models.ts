/** Facts about Gemini's models. Each has its source and the date on which it was read. */

import type { ModelFacts } from './model-facts.js';
import { modelTable } from './model-table.js';
import { pictureModelPattern, speechModelPattern } from './pictures.js';

/**
 * The default model of acts that name no model. It is an alias, because versions retire: gemini-2.0-flash was shut down
 * on 2026-06-01, and gemini-2.5-flash and -pro retire on 2026-12-01 (ai.google.dev/gemini-api/docs/deprecations, read
 * 2026-11).
 */
export const defaultModel = 'gemini-flash-lite-latest';

/**
 * Matches valid model names. A name becomes part of a URL path, which the SDK does not escape. Only the service knows
 * whether a model exists.
 */
export const modelNamePattern = /^(?!.*\.\.)[\w.:@/-]+$/;

/**
 * Matches names of models that support only the Live API: gemini-3.8-live, gemini-3.1-flash-live-preview,
 * …-native-audio-… (the service's list as of 2026-11, and the names of 2025 in
 * ai.google.dev/gemini-api/docs/deprecations). If the model is in `builtInModels` or in the service's list, its entry
 * decides, and not its name.
 */
export const liveModelNamePattern = /-live(-|$)|native-audio/;

/**
 * Known models by name. The table is incomplete, and the service's own list takes precedence: a model that is missing
 * here must never be rejected, because new models appear every month. A Map, because users may request any name, and a
 * plain object inherits names such as `constructor`.
 */
export const builtInModels: ReadonlyMap<string, ModelFacts> = new Map(Object.entries(modelTable));

/**
 * The smallest `max_tokens` that surely leaves room for a reply. With a smaller limit, a thinking model may use nearly
 * all of it for thoughts: of 500 tokens, 478 went to thoughts and 18 to text (seen in 2026).
 */
export const minSafeMaxTokens = 1000;

/** Whether a model replies with pictures, according to the table or its name. @param model without `models/` */
export function isPictureModel(model: string): boolean {
  return builtInModels.get(model)?.outputsImages ?? (!builtInModels.has(model) && pictureModelPattern.test(model));
}

/** Whether a model replies with speech over REST, according to the table or its name. @param model without `models/` */
export function isRestSpeechModel(model: string): boolean {
  return builtInModels.get(model)?.outputsSpeech ?? (!builtInModels.has(model) && speechModelPattern.test(model));
}
