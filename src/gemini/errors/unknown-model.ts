import { BoticelliError } from '../../errors.js';
import { defaultModel } from '../../facts.js';
import { namesOfTalkers } from '../models/capabilities.js';
import type { CatalogueEntry } from '../models/model-info.js';
import { retirementOf } from '../models/retirement.js';
import { nearestNames } from './nearest-names.js';

export interface UnknownModel {
  /** What the service answered. */
  refused: BoticelliError;
  /** Without `models/`. */
  model: string;
  /** How it was asked. */
  method: string;
  /** What the service lists, or undefined where the list could not be had. */
  entries: readonly CatalogueEntry[] | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The error of a model that the service does not know, or can't ask this way, with what it has instead. */
export function unknownModel({ refused, model, method, entries, now }: UnknownModel): BoticelliError {
  const listed = entries?.find(({ name }) => name === model);
  const message =
    listed && !listed.methods.includes(method)
      ? `${model} can't be asked for a reply this way: it is there for ${listed.methods.join(', ') || 'nothing'}`
      : refused.message;
  const retirement = listed ? undefined : retirementOf(model, now);
  const gone = retirement?.isPast ? `It was shut down on ${retirement.on}. ` : '';
  return new BoticelliError('model_not_found', message, { cause: refused.cause, hint: gone + instead(model, entries) });
}

/** Whether a list agrees with a 404: it has no such model, or one that can't be asked this way. */
export function isExplainedBy(model: string, entries: readonly CatalogueEntry[], method: string): boolean {
  return !entries.some(({ name, methods }) => name === model && methods.includes(method));
}

function instead(model: string, entries: readonly CatalogueEntry[] | undefined): string {
  if (!entries) {
    return 'The list of models could not be had; it is at https://ai.google.dev/gemini-api/docs/models.';
  }
  const names = namesOfTalkers(entries).filter((name) => name !== model);
  const nearest = nearestNames(model, names);
  if (nearest.length > 0) return `The nearest that the service lists: ${nearest.join(', ')}.`;
  const example = names.includes(defaultModel) ? defaultModel : names[0];
  return example
    ? `The service lists ${names.length} others, such as ${example}.`
    : 'The service lists none that could.';
}
