import type { ListModelsConfig, Model, Models } from '@google/genai';
import { type Clock, systemClock } from '../../driver/clock.js';
import { BoticelliError } from '../../errors.js';
import { abortable } from '../../util/abortable.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import { type Connection, createConnection } from '../connection.js';
import { getWrongHostHint } from '../errors/invalid-response.js';
import type { ConnectionOptions } from '../options.js';
import { createHttpExchange } from '../rest/exchange.js';
import { maxNonReplyBytes } from '../transport/body-limit.js';
import { createGeminiFetch } from '../transport/gemini-fetch.js';
import { type ModelInfo, parseModelInfo } from './model-info.js';

/** The options of `listModels`. */
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
    model: 'the model list', // Messages name it where they otherwise name a model.
    streaming: false,
    maxBodyBytes: maxNonReplyBytes,
    expected: { name: 'a model list', isExpectedBody: isModelListBody },
  });
  const { timeouts } = exchange;
  try {
    return await readPages(modelsApi, { httpOptions: { fetch: createGeminiFetch(exchange) } }, connection);
  } catch (thrown) {
    if (timeouts.signal.aborted) throw timeouts.signal.reason;
    throw redactError(toListError(thrown, connection.host), connection.redact);
  } finally {
    timeouts.close();
  }
}

/** Whether a body is a page of the list. An empty page is `{}`: JSON of a protocol buffer leaves out empty lists. */
function isModelListBody(body: Record<string, unknown>): boolean {
  return 'models' in body || 'nextPageToken' in body || Object.keys(body).length === 0;
}

/** The maximum number of pages. The service has fewer than 10 pages of 50 models (2026-11). */
const maxPages = 100;

/** The maximum number of models. The service has about a hundred, gateways some hundreds (2026-11). */
const maxModels = 10_000;

/**
 * Reads all pages, because the Live models are not on the first page of 50. The SDK's own loop is not used: it never
 * ends if a gateway repeats a page token, or if `models` is not an array (@google/genai 2.32).
 */
async function readPages(modelsApi: Models, config: ListModelsConfig, connection: Connection): Promise<ModelInfo[]> {
  const entries = new Map<string, ModelInfo>();
  const seenTokens = new Set<string>();
  for (let pageToken: string | undefined; ; seenTokens.add(pageToken)) {
    const pager = await modelsApi.list({ config: { ...config, ...(pageToken !== undefined && { pageToken }) } });
    const page: unknown = pager.page;
    for (const model of Array.isArray(page) ? page : []) {
      const info = toModelInfo(model, connection);
      if (info && !entries.has(info.name)) entries.set(info.name, info);
    }
    if (entries.size > maxModels) throw createEndlessListError(`${maxModels} models`, connection.host);
    const nextToken: unknown = pager.params.config?.pageToken;
    // A repeated token ends the list: a gateway that ignores tokens sends the same page again and again.
    if (typeof nextToken !== 'string' || nextToken === '' || seenTokens.has(nextToken)) return [...entries.values()];
    if (seenTokens.size + 1 >= maxPages) throw createEndlessListError(`${maxPages} pages`, connection.host);
    pageToken = nextToken;
  }
}

function createEndlessListError(limit: string, host: string): BoticelliError {
  const message = `the model list of ${host} has more than ${limit}`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
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

/** Converts the error of a list request. A 404 for the list is not about a model, so it becomes `unavailable`. */
function toListError(thrown: unknown, host: string): unknown {
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return thrown;
  const { cause } = thrown;
  return new BoticelliError('unavailable', `${host} has no model list (404)`, { hint: getWrongHostHint(host), cause });
}
