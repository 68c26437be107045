import type { CallContext } from '../../driver/driver.js';
import type { BoticelliError } from '../../errors.js';
import type { Connection } from '../connection.js';
import { listModelsWithConnection } from '../models/list-models.js';
import type { ModelInfo, ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../options.js';
import { createUnknownModelError, isMissingFrom } from './unknown-model-error.js';

export interface ExplainUnknownModelOptions extends Pick<CallOptions, 'clock'> {
  /** Without `models/`. */
  model: string;
  /** How it was asked. */
  method: 'generateContent' | 'bidiGenerateContent';
  connection: Connection;
  modelListCache: ModelListCache | undefined;
  context: CallContext;
}

/**
 * The error of a model that the service does not know, or not in this way, with what the list of models says of it. Where
 * the list can't be had either, a refusal that has a hint of its own stands. Resolves to the signal's reason after an abort.
 */
export async function explainUnknownModel(
  error: BoticelliError,
  options: ExplainUnknownModelOptions,
): Promise<unknown> {
  const { model, method, context, clock } = options;
  const models = await loadModelList(options);
  if (context.signal?.aborted) return context.signal.reason;
  if (!models && method === 'bidiGenerateContent') return error;
  return createUnknownModelError({ error, model, method, models, now: clock.now() });
}

/** The list that explains it: the one that is known, unless it says that the model is there; else asked for, once. */
async function loadModelList(options: ExplainUnknownModelOptions): Promise<readonly ModelInfo[] | undefined> {
  const { model, method, modelListCache, connection, context, clock } = options;
  const cached = await modelListCache?.read();
  if (cached && isMissingFrom(model, cached.entries, method)) return cached.entries;
  const listOptions = { signal: context.signal, clock, timeoutMs: 10_000 };
  const models = await listModelsWithConnection(connection, listOptions).catch(() => undefined);
  if (models) await modelListCache?.write(models);
  return models;
}
