import type { CallContext } from '../../driver/driver.js';
import type { BoticelliError } from '../../errors.js';
import type { Connection } from '../connection.js';
import { listModelsOver } from '../models/list-models.js';
import type { CatalogueEntry, CatalogueMemory } from '../models/model-info.js';
import type { CallOptions } from '../options.js';
import { isExplainedBy, unknownModel } from './unknown-model.js';

export interface ExplainOptions extends Pick<CallOptions, 'clock'> {
  /** Without `models/`. */
  model: string;
  /** How it was asked. */
  method: 'generateContent' | 'bidiGenerateContent';
  connection: Connection;
  catalogue: CatalogueMemory | undefined;
  context: CallContext;
}

/**
 * The error of a model that the service does not know, or not in this way, with what the list of models says of it. Where
 * the list can't be had either, a refusal that has a hint of its own stands. Resolves to the signal's reason after an abort.
 */
export async function explainUnknown(refused: BoticelliError, options: ExplainOptions): Promise<unknown> {
  const { model, method, context, clock } = options;
  const entries = await entriesFor(options);
  if (context.signal?.aborted) return context.signal.reason;
  if (!entries && method === 'bidiGenerateContent') return refused;
  return unknownModel({ refused, model, method, entries, now: clock.now() });
}

/** The list that explains it: the one that is known, unless it says that the model is there; else asked for, once. */
async function entriesFor(options: ExplainOptions): Promise<readonly CatalogueEntry[] | undefined> {
  const { model, method, catalogue, connection, context, clock } = options;
  const known = await catalogue?.recall();
  if (known && isExplainedBy(model, known.entries, method)) return known.entries;
  const asked = { signal: context.signal, clock, timeoutMs: 10_000 };
  const entries = await listModelsOver(connection, asked).catch(() => undefined);
  if (entries) await catalogue?.remember(entries);
  return entries;
}
