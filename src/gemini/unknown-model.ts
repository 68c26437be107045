import { BoticelliError } from '../errors.js';
import { defaultModel } from '../facts.js';
import type { CatalogueEntry } from './model-catalogue.js';
import { nearestNames } from './nearest-names.js';

/**
 * The error of a model that the service does not know, or can't ask this way, with what it has instead.
 * @param catalogue what the service lists, or undefined where the list could not be had
 */
export function unknownModel(
  refused: BoticelliError,
  model: string,
  catalogue: readonly CatalogueEntry[] | undefined,
): BoticelliError {
  const listed = catalogue?.find(({ name }) => name === model);
  const message =
    listed && !listed.methods.includes('generateContent')
      ? `${model} can't be asked for a reply this way: it is there for ${listed.methods.join(', ') || 'nothing'}`
      : refused.message;
  return new BoticelliError('model_not_found', message, { cause: refused.cause, hint: instead(model, catalogue) });
}

function instead(model: string, catalogue: readonly CatalogueEntry[] | undefined): string {
  if (!catalogue) {
    return 'The list of models could not be had; it is at https://ai.google.dev/gemini-api/docs/models.';
  }
  const names = catalogue
    .filter(({ methods }) => methods.includes('generateContent'))
    .map(({ name }) => name)
    .filter((name) => name !== model);
  const nearest = nearestNames(model, names);
  if (nearest.length > 0) return `The nearest that the service lists: ${nearest.join(', ')}.`;
  const example = names.includes(defaultModel) ? defaultModel : names[0];
  return example
    ? `The service lists ${names.length} others, such as ${example}.`
    : 'The service lists none that could.';
}
