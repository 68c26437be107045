import type { GenerationParameters } from '../driver/request.js';
import { harmCategories, harmThresholds } from '../facts.js';
import { isTable, type TomlTable, type TomlValue } from '../toml/toml.js';
import { thinkingLevels } from './generation-schema.js';

/** How a model shall generate, as a table says it. What is of a wrong type is left out: the schema has reported it. */
export function readParameters(table: TomlTable): GenerationParameters {
  const { temperature, max_tokens: maxTokens, top_p: topP, top_k: topK, seed, stop } = table;
  const thinking = thinkingOf(table.thinking);
  const safety = safetyOf(table.safety);
  return {
    ...(typeof temperature === 'number' && { temperature }),
    ...(typeof maxTokens === 'number' && { maxTokens }),
    ...(typeof topP === 'number' && { topP }),
    ...(typeof topK === 'number' && { topK }),
    ...(typeof seed === 'number' && { seed }),
    ...(Array.isArray(stop) && { stop: stop.filter((text) => typeof text === 'string') }),
    ...(thinking !== undefined && { thinking }),
    ...(safety && { safety }),
  };
}

function thinkingOf(value: TomlValue | undefined): GenerationParameters['thinking'] {
  return typeof value === 'number' ? value : thinkingLevels.find((level) => level === value);
}

/** The thresholds by Gemini's names. */
function safetyOf(value: TomlValue | undefined): GenerationParameters['safety'] {
  if (!isTable(value)) return undefined;
  const thresholds: Readonly<Record<string, string>> = harmThresholds;
  return Object.fromEntries(
    Object.entries(harmCategories).flatMap(([category, name]) => {
      const threshold = value[category];
      const known = typeof threshold === 'string' && Object.hasOwn(thresholds, threshold);
      return known ? [[name, thresholds[threshold] as string]] : [];
    }),
  );
}
