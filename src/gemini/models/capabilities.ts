import { builtInModels, liveModelNamePattern } from '../../facts/models.js';
import type { ModelInfo } from './model-info.js';

/** What a model can do for a narrative, whose replies are text. */
export interface ModelCapabilities {
  /** Supports `generateContent` with text output, streamed or not. */
  supportsGenerate: boolean;
  /** Supports the Live API (`bidiGenerateContent`). */
  supportsLive: boolean;
  /** Absent if unknown. */
  supportsCountTokens?: boolean;
}

/**
 * The capabilities of a model by the best source: the service's list, then the built-in facts, then the model's name.
 * @param models the service's list, if available
 */
export function getCapabilities(model: string, models: readonly ModelInfo[] = []): ModelCapabilities {
  const info = models.find(({ name }) => name === model);
  return info ? getListedCapabilities(info) : (getKnownCapabilities(model) ?? guessCapabilities(model));
}

/** The capabilities in the service's list. It does not distinguish models that reply in speech from those that write. */
export function getListedCapabilities({ name, methods }: ModelInfo): ModelCapabilities {
  return {
    supportsGenerate: methods.includes('generateContent') && !hasNoTextOutput(name),
    supportsLive: methods.includes('bidiGenerateContent'),
    supportsCountTokens: methods.includes('countTokens'),
  };
}

/** The models of a list that a narrative can use, over REST or Live. */
export function listUsableModelNames(models: readonly ModelInfo[]): string[] {
  return models.map(({ name }) => name).filter((name) => !isUnsupportedModel(name, models));
}

/** The capabilities in the built-in facts; undefined for a model that they do not contain. */
export function getKnownCapabilities(model: string): ModelCapabilities | undefined {
  const api = builtInModels.get(model)?.api;
  return api && { supportsGenerate: api !== 'live', supportsLive: api !== 'generate' };
}

/** Guesses the capabilities from a model's name. By default a model supports `generateContent`, as most do. */
export function guessCapabilities(model: string): ModelCapabilities {
  if (hasNoTextOutput(model)) return { supportsGenerate: false, supportsLive: false };
  const supportsLive = liveModelNamePattern.test(model);
  return { supportsGenerate: !supportsLive, supportsLive };
}

/** Whether a model supports only the Live API, by the built-in facts and its name. */
export function isLiveOnly(model: string): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model);
  return supportsLive && !supportsGenerate;
}

/** Whether no reply of a model is usable for a narrative: it makes embeddings, images or videos. */
export function isUnsupportedModel(model: string, models?: readonly ModelInfo[]): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model, models);
  return !supportsLive && !supportsGenerate;
}

/** Models that output only embeddings, images, videos, music or speech. */
function hasNoTextOutput(model: string): boolean {
  return /embedding|^imagen|^veo|^lyria|-tts(-|$)/.test(model);
}

/** When a model retires or has retired, by the built-in facts, as a UTC date; undefined if no date is known. */
export function getRetirement(model: string, now: number): { date: string; isPast: boolean } | undefined {
  const date = builtInModels.get(model)?.retiresOn;
  return date === undefined ? undefined : { date, isPast: Date.parse(date) <= now };
}
