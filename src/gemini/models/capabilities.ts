import { builtInModels, liveModelNamePattern } from '../../facts/models.js';
import type { ModelInfo } from './model-info.js';

/** The capabilities of a model that matter for narratives. */
export interface ModelCapabilities {
  /** Supports `generateContent` with text, pictures or speech as output, streamed or not. */
  supportsGenerate: boolean;
  /** Supports the Live API (`bidiGenerateContent`). */
  supportsLive: boolean;
  /** Absent if unknown. */
  supportsCountTokens?: boolean;
}

/**
 * Returns the capabilities of a model from the first source that has them: the service's list, the built-in facts, or
 * the model's name.
 * @param models the service's list, if available
 */
export function getCapabilities(model: string, models: readonly ModelInfo[] = []): ModelCapabilities {
  const info = models.find(({ name }) => name === model);
  return info ? getListedCapabilities(info) : (getBuiltInCapabilities(model) ?? guessCapabilities(model));
}

/**
 * Returns the capabilities that the service's list gives. A model of an unsupported kind does not count as supporting
 * `generateContent`, even if it is listed with this method. The list does not give a model's kind, so its name decides.
 */
export function getListedCapabilities({ name, methods }: ModelInfo): ModelCapabilities {
  return {
    supportsGenerate: methods.includes('generateContent') && !isOfUnsupportedKind(name),
    supportsLive: methods.includes('bidiGenerateContent'),
    supportsCountTokens: methods.includes('countTokens'),
  };
}

/** Lists the models that a narrative can use, over REST or the Live API. */
export function listUsableModelNames(models: readonly ModelInfo[]): string[] {
  return models.map(({ name }) => name).filter((name) => !isUnusableModel(name, models));
}

/** Returns the capabilities in the built-in facts, or undefined if the facts do not contain the model. */
export function getBuiltInCapabilities(model: string): ModelCapabilities | undefined {
  const api = builtInModels.get(model)?.api;
  return api && { supportsGenerate: api !== 'live', supportsLive: api !== 'generate' };
}

/** Guesses the capabilities from a model's name. By default a model supports `generateContent`, as most do. */
export function guessCapabilities(model: string): ModelCapabilities {
  if (isOfUnsupportedKind(model)) return { supportsGenerate: false, supportsLive: false };
  const supportsLive = liveModelNamePattern.test(model);
  return { supportsGenerate: !supportsLive, supportsLive };
}

/** Whether a model supports only the Live API, according to the built-in facts, or else to its name. */
export function isLiveOnly(model: string): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model);
  return supportsLive && !supportsGenerate;
}

/** Whether a model can't be used in a narrative, for example because it outputs embeddings, videos or music. */
export function isUnusableModel(model: string, models?: readonly ModelInfo[]): boolean {
  const { supportsGenerate, supportsLive } = getCapabilities(model, models);
  return !supportsLive && !supportsGenerate;
}

/**
 * Whether a model's name shows that boticelli does not support this kind of model: models for embeddings, videos
 * (Veo) or music (Lyria), and the picture models called Imagen.
 */
function isOfUnsupportedKind(model: string): boolean {
  return /embedding|^imagen|^veo|^lyria/.test(model);
}

/** Returns the UTC date on which a model retires or retired, from the built-in facts, or undefined if unknown. */
export function getRetirement(model: string, now: number): { date: string; isPast: boolean } | undefined {
  const date = builtInModels.get(model)?.retiresOn;
  return date === undefined ? undefined : { date, isPast: Date.parse(date) <= now };
}
