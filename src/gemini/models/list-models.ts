import type { Model } from '@google/genai';
import { type Clock, systemClock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { withoutKey } from '../api-key.js';
import { type Connection, connectionTo } from '../connection.js';
import { wrongHost } from '../errors/invalid-response.js';
import type { ConnectionOptions } from '../options.js';
import { bareModel } from '../rest/convert-request.js';
import { openExchange } from '../rest/exchange.js';
import { orAborted } from '../rest/request-timeouts.js';
import { serviceFetch } from '../transport/fetch.js';
import { type CatalogueEntry, entryFrom } from './model-info.js';

export interface CatalogueOptions {
  /** Bounds the whole list, all its pages. Default 30 s. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  clock?: Clock;
}

/** All models that the service lists for the key, in its order. Rejects with a BoticelliError or the signal's reason. */
export async function listModels(options: ConnectionOptions & CatalogueOptions): Promise<CatalogueEntry[]> {
  return listModelsOver(connectionTo(options), options);
}

/** The same over a connection that is there already. */
export async function listModelsOver(
  connection: Connection,
  { timeoutMs = 30_000, signal, clock = systemClock }: CatalogueOptions,
): Promise<CatalogueEntry[]> {
  const models = await orAborted(connection.models(), signal);
  const limits = { signal, timeoutMs, idleTimeoutMs: timeoutMs };
  const exchange = openExchange({ connection, clock, model: 'the list of models', streaming: false, ...limits });
  const { attempt } = exchange;
  try {
    const entries: CatalogueEntry[] = [];
    // Page by page to the end: the Live models are not on the first page of 50 (wire.md).
    for await (const model of await models.list({ config: { httpOptions: { fetch: serviceFetch(exchange) } } })) {
      const entry = entryOf(model, connection);
      if (entry) entries.push(entry);
    }
    return entries;
  } catch (thrown) {
    if (attempt.signal.aborted) throw attempt.signal.reason;
    throw withoutKey(isNotFound(thrown) ? noList(connection.host, thrown) : thrown, connection.redact);
  } finally {
    attempt.close();
  }
}

/** An entry of ours from one of the SDK's. What is shown and kept has no key in it, whatever a gateway puts there. */
function entryOf(model: Model, { redact }: Connection): CatalogueEntry | null {
  const { displayName, description, supportedActions = [], inputTokenLimit, outputTokenLimit } = model;
  const entry = entryFrom({
    name: bareModel(String(model.name ?? '')),
    methods: supportedActions,
    ...{ displayName, description, inputTokens: inputTokenLimit, outputTokens: outputTokenLimit },
  });
  return JSON.parse(JSON.stringify(entry ?? null), (_, value) => (typeof value === 'string' ? redact(value) : value));
}

function isNotFound(thrown: unknown): thrown is BoticelliError {
  return thrown instanceof BoticelliError && thrown.code === 'model_not_found';
}

/** A 404 for the list itself is about no model. */
function noList(host: string, { cause }: BoticelliError): BoticelliError {
  return new BoticelliError('unavailable', `${host} has no list of models (404)`, { hint: wrongHost(host), cause });
}
