import type { Model } from '@google/genai';
import { type Clock, systemClock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { abortable } from '../../util/abortable.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import { type Connection, createConnection } from '../connection.js';
import { getWrongHostHint } from '../errors/invalid-response.js';
import type { ConnectionOptions } from '../options.js';
import { createHttpExchange } from '../rest/exchange.js';
import { createGeminiFetch } from '../transport/gemini-fetch.js';
import { type ModelInfo, parseModelInfo } from './model-info.js';

export interface ListModelsOptions {
  /** Limit for all pages together, in milliseconds. Default 30 000. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  clock?: Clock;
}

/** Lists all models of the API key, in the service's order. Rejects with a BoticelliError or the signal's reason. */
export async function listModels(options: ConnectionOptions & ListModelsOptions): Promise<ModelInfo[]> {
  return listModelsWithConnection(createConnection(options), options);
}

/** Like `listModels`, over an existing connection. */
export async function listModelsWithConnection(
  connection: Connection,
  { timeoutMs = 30_000, signal, clock = systemClock }: ListModelsOptions,
): Promise<ModelInfo[]> {
  const modelsApi = await abortable(connection.getModelsApi(), signal);
  const exchange = createHttpExchange({
    ...{ connection, clock, signal, timeoutMs, idleTimeoutMs: timeoutMs },
    model: 'the model list',
    streaming: false,
  });
  const { timeouts } = exchange;
  try {
    const entries: ModelInfo[] = [];
    // All pages are read, because the Live models are not on the first page of 50.
    const config = { httpOptions: { fetch: createGeminiFetch(exchange) } };
    for await (const model of await modelsApi.list({ config })) {
      const info = toModelInfo(model, connection);
      if (info) entries.push(info);
    }
    return entries;
  } catch (thrown) {
    if (timeouts.signal.aborted) throw timeouts.signal.reason;
    throw redactError(toListError(thrown, connection.host), connection.redact);
  } finally {
    timeouts.close();
  }
}

/** Converts an entry of the SDK's list. Redacts the key, which a gateway may echo in any field. */
function toModelInfo(model: Model, { redact }: Connection): ModelInfo | null {
  const { displayName, description, supportedActions = [], inputTokenLimit, outputTokenLimit } = model;
  const info = parseModelInfo({
    name: stripModelPrefix(String(model.name ?? '')),
    methods: supportedActions,
    ...{ displayName, description, inputTokens: inputTokenLimit, outputTokens: outputTokenLimit },
  });
  return JSON.parse(JSON.stringify(info ?? null), (_, value) => (typeof value === 'string' ? redact(value) : value));
}

/** Converts the error of a list request. A 404 for the list is not about a model. */
function toListError(thrown: unknown, host: string): unknown {
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return thrown;
  const { cause } = thrown;
  return new BoticelliError('unavailable', `${host} has no model list (404)`, { hint: getWrongHostHint(host), cause });
}
