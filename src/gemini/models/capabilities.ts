import { builtInModels, liveModelNamePattern } from '../../facts/models.js';
import type { ModelInfo } from './model-info.js';

/** What a model can do for a narrative, whose replies are text. */
export interface ModelCapabilities {
  /** Answers `generateContent` in text, streamed or not. */
  supportsGenerate: boolean;
  /** Speaks the Live API (`bidiGenerateContent`). */
  supportsLive: boolean;
  /** Absent where nobody has said. */
  supportsCountTokens?: boolean;
  /** The most tokens of a prompt, where that is known. */
  inputTokens?: number;
  /** The most tokens of a reply, where that is known. */
  outputTokens?: number;
}

/**
 * What a model can do, by the best that is known of it: the service's list, else the table of facts, else its name.
 * @param models the service's list, where there is one
 */
export function getCapabilities(model: string, models: readonly ModelInfo[] = []): ModelCapabilities {
  const info = models.find(({ name }) => name === model);
  return info ? getListedCapabilities(info) : (getKnownCapabilities(model) ?? guessCapabilities(model));
}

/** What an entry of the service's list says. A model that speaks its replies is listed like one that writes them. */
export function getListedCapabilities({ name, methods, inputTokens, outputTokens }: ModelInfo): ModelCapabilities {
  return {
    supportsGenerate: methods.includes('generateContent') && !hasNoTextOutput(name),
    supportsLive: methods.includes('bidiGenerateContent'),
    supportsCountTokens: methods.includes('countTokens'),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
  };
}

/** The models of a list that can have a part in a narrative, over REST or Live. */
export function listUsableModelNames(models: readonly ModelInfo[]): string[] {
  const isUsable = ({ supportsGenerate, supportsLive }: ModelCapabilities) => supportsGenerate || supportsLive;
  return models.filter((info) => isUsable(getListedCapabilities(info))).map(({ name }) => name);
}

/** What the table of facts says of a model; undefined where it does not have it. */
export function getKnownCapabilities(model: string): ModelCapabilities | undefined {
  const api = builtInModels.get(model)?.api;
  return api && { supportsGenerate: api !== 'live', supportsLive: api !== 'generate' };
}

/** By the names that models have; a name that says nothing is one that generates, as most do. */
export function guessCapabilities(model: string): ModelCapabilities {
  if (hasNoTextOutput(model)) return { supportsGenerate: false, supportsLive: false };
  const supportsLive = liveModelNamePattern.test(model);
  return { supportsGenerate: !supportsLive, supportsLive };
}

/** Whether a model speaks the Live API and nothing else, as far as the table and its name tell. */
export function isLiveOnly(model: string): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model);
  return supportsLive && !supportsGenerate;
}

/** Whether a model gives no replies that a narrative could use: it makes vectors, pictures or films. */
export function isUnsupportedModel(model: string): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model);
  return !supportsLive && !supportsGenerate;
}

/** Models whose answers are vectors, pictures, films, music or speech alone. */
function hasNoTextOutput(model: string): boolean {
  return /embedding|^imagen|^veo|^lyria|-tts(-|$)/.test(model);
}
