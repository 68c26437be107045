import { BoticelliError } from '../../errors.js';
import { defaultModel } from '../../facts/models.js';
import { listUsableModelNames } from '../models/capabilities.js';
import type { ModelInfo } from '../models/model-info.js';
import { getRetirement } from '../models/retirement.js';
import { findSimilarNames } from './similar-models.js';

export interface UnknownModelOptions {
  /** What the service answered. */
  error: BoticelliError;
  /** Without `models/`. */
  model: string;
  /** How it was asked. */
  method: string;
  /** What the service lists, or undefined where the list could not be had. */
  models: readonly ModelInfo[] | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The error of a model that the service does not know, or can't ask this way, with what it has instead. */
export function createUnknownModelError({ error, model, method, models, now }: UnknownModelOptions): BoticelliError {
  const listed = models?.find(({ name }) => name === model);
  const message =
    listed && !listed.methods.includes(method)
      ? `${model} can't be asked for a reply this way: it is there for ${listed.methods.join(', ') || 'nothing'}`
      : error.message;
  const retirement = listed ? undefined : getRetirement(model, now);
  const retirementNote = retirement?.isPast ? `It was shut down on ${retirement.date}. ` : '';
  return new BoticelliError('model_not_found', message, {
    cause: error.cause,
    hint: retirementNote + suggestModels(model, models),
  });
}

/** Whether a list agrees with a 404: it has no such model, or one that can't be asked this way. */
export function isMissingFrom(model: string, models: readonly ModelInfo[], method: string): boolean {
  return !models.some(({ name, methods }) => name === model && methods.includes(method));
}

function suggestModels(model: string, models: readonly ModelInfo[] | undefined): string {
  if (!models) {
    return 'The list of models could not be had; it is at https://ai.google.dev/gemini-api/docs/models.';
  }
  const names = listUsableModelNames(models).filter((name) => name !== model);
  const nearest = findSimilarNames(model, names);
  if (nearest.length > 0) return `The nearest that the service lists: ${nearest.join(', ')}.`;
  const example = names.includes(defaultModel) ? defaultModel : names[0];
  return example
    ? `The service lists ${names.length} others, such as ${example}.`
    : 'The service lists none that could.';
}
