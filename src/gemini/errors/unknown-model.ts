import type { CallContext } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import { defaultModel } from '../../facts/models.js';
import { getEditDistance } from '../../util/nearest-name.js';
import type { Connection } from '../connection.js';
import { getRetirement, listUsableModelNames } from '../models/capabilities.js';
import { listModelsWithConnection } from '../models/list-models.js';
import type { ModelInfo, ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../rest/call-options.js';

interface UnknownModelOptions extends Pick<CallOptions, 'clock' | 'timeoutMs'> {
  /** Without `models/`. */
  model: string;
  /** The method that the request used. */
  method: 'generateContent' | 'bidiGenerateContent';
  connection: Connection;
  modelListCache: ModelListCache | undefined;
  context: CallContext;
  /** Aborts at the time limit of the request, which includes the look-up. Default: the caller's signal. */
  deadlineSignal?: AbortSignal;
}

/**
 * Explains a `model_not_found` error. The service's model list shows similar names, or the methods that the model does
 * support; the built-in facts show the date of its shutdown. If the list can't be loaded, an error of the Live API is
 * returned unchanged, because its hint already names Live models. Resolves to the signal's reason after an abort.
 */
export async function explainUnknownModel(error: BoticelliError, options: UnknownModelOptions): Promise<unknown> {
  const { method, context } = options;
  const models = await loadModelList(options);
  if (context.signal?.aborted) return context.signal.reason;
  if (!models && method === 'bidiGenerateContent') return error;
  return createUnknownModelError(error, models, options);
}

/**
 * The maximum time for the model list. It is short, because the list only improves the message of an error that waits
 * for it.
 */
const maxLookUpMs = 10_000;

/**
 * Returns the cached list if it confirms the error: it does not have the model, or it has the model without the method.
 * Otherwise fetches a list and caches it. Returns undefined if the list can't be fetched.
 */
async function loadModelList(options: UnknownModelOptions): Promise<readonly ModelInfo[] | undefined> {
  const { model, method, modelListCache, connection, context, clock, timeoutMs } = options;
  const cached = await modelListCache?.read();
  const isListedWithMethod = cached?.entries.some(({ name, methods }) => name === model && methods.includes(method));
  if (cached && !isListedWithMethod) return cached.entries;
  const signal = options.deadlineSignal ?? context.signal;
  const listOptions = { signal, clock, timeoutMs: Math.min(maxLookUpMs, timeoutMs) };
  const models = await listModelsWithConnection(connection, listOptions).catch(() => undefined);
  if (models) await modelListCache?.write(models);
  return models;
}

function createUnknownModelError(
  error: BoticelliError,
  models: readonly ModelInfo[] | undefined,
  { model, method, clock }: UnknownModelOptions,
): BoticelliError {
  const listed = models?.find(({ name }) => name === model);
  const message =
    listed && !listed.methods.includes(method)
      ? `${model} does not support ${method}; it supports ${listed.methods.join(', ') || 'no method'}`
      : error.message;
  const retirement = listed ? undefined : getRetirement(model, clock.now());
  const retirementNote = retirement?.isPast ? `It was shut down on ${retirement.date}. ` : '';
  const hint = retirementNote + suggestModels(model, models);
  return new BoticelliError('model_not_found', message, { hint, cause: error.cause });
}

function suggestModels(model: string, models: readonly ModelInfo[] | undefined): string {
  if (!models) return 'The model list could not be fetched; see https://ai.google.dev/gemini-api/docs/models.';
  const names = listUsableModelNames(models).filter((name) => name !== model);
  const similar = findSimilarNames(model, names);
  if (similar.length > 0) return `Similar models: ${similar.join(', ')}.`;
  const example = names.includes(defaultModel) ? defaultModel : names[0];
  if (!example) return 'No model that is available to this key can generate text.';
  return names.length === 1
    ? `The only other model that is available is ${example}.`
    : `${names.length} other models are available, for example ${example}.`;
}

/**
 * Finds up to four names that resemble a wanted name, best match first: names of the same family (one name begins with
 * the other), then names that differ in at most a third of their characters.
 */
export function findSimilarNames(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({
      name,
      edits: getEditDistance(wanted, name) ?? Number.POSITIVE_INFINITY,
      isRelated: isSameFamily(wanted, name),
    }))
    .filter(({ name, edits, isRelated }) => isRelated || edits <= Math.max(wanted.length, name.length) / 3)
    .sort((left, right) => Number(right.isRelated) - Number(left.isRelated) || left.edits - right.edits)
    .slice(0, 4)
    .map(({ name }) => name);
}

function isSameFamily(wanted: string, name: string): boolean {
  return wanted.length > 2 && (name.startsWith(wanted) || wanted.startsWith(`${name}-`));
}
