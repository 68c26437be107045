import type { GenerationParameters } from '../../driver/request.js';
import { harmCategories, harmThresholds } from '../../facts/requests.js';
import { isTable, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { thinkingLevels } from '../schema/generation-schema.js';

/** How a model shall generate, as a table says it. What is of a wrong type is left out: the schema has reported it. */
export function readParameters(table: TomlTable): GenerationParameters {
  const { temperature, max_tokens: maxTokens, top_p: topP, top_k: topK, seed, stop } = table;
  const thinking = readThinking(table.thinking);
  const safety = readSafety(table.safety);
  // One by one, not spread together: most acts have none of them, and a folder has thousands of acts.
  const parameters: GenerationParameters = {};
  if (typeof temperature === 'number') parameters.temperature = temperature;
  if (typeof maxTokens === 'number') parameters.maxTokens = maxTokens;
  if (typeof topP === 'number') parameters.topP = topP;
  if (typeof topK === 'number') parameters.topK = topK;
  if (typeof seed === 'number') parameters.seed = seed;
  if (Array.isArray(stop)) parameters.stop = stop.filter((text) => typeof text === 'string');
  if (thinking !== undefined) parameters.thinking = thinking;
  if (safety) parameters.safety = safety;
  return parameters;
}

function readThinking(value: TomlValue | undefined): GenerationParameters['thinking'] {
  if (value === undefined) return undefined;
  return typeof value === 'number' ? value : thinkingLevels.find((level) => level === value);
}

/** The thresholds by Gemini's names. */
function readSafety(value: TomlValue | undefined): GenerationParameters['safety'] {
  if (!isTable(value)) return undefined;
  const thresholds: Readonly<Record<string, string>> = harmThresholds;
  return Object.fromEntries(
    Object.entries(harmCategories).flatMap(([category, name]) => {
      const threshold = value[category];
      const isKnown = typeof threshold === 'string' && Object.hasOwn(thresholds, threshold);
      return isKnown ? [[name, thresholds[threshold] as string]] : [];
    }),
  );
}
