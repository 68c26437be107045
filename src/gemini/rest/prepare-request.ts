import type { GenerateContentParameters, Models } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { reportUsage } from '../../driver/layers/usage-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import { getServiceTier } from '../../driver/service-tier.js';
import { BoticelliError } from '../../errors.js';
import { modelNamePattern } from '../../facts/models.js';
import { abortable } from '../../util/abortable.js';
import { tryParseJson } from '../../util/json.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import type { Connection } from '../connection.js';
import { createMalformedEventError } from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { explainUnknownModel } from '../errors/unknown-model.js';
import type { MediaPreparer } from '../media/prepare-media.js';
import type { ModelListCache } from '../models/model-info.js';
import { createGeminiFetch } from '../transport/gemini-fetch.js';
import type { CallOptions } from './call-options.js';
import { convertRequest } from './convert-request.js';
import { createHttpExchange, type HttpExchange } from './exchange.js';
import { createReplyCollector, type ReplyCollector } from './reply/collect-response.js';
import { addServedTier } from './served-tier.js';

interface PrepareRequestOptions extends CallOptions {
  request: GenerateRequest;
  context: CallContext;
  connection: Connection;
  mediaPreparer: MediaPreparer;
  streaming: boolean;
  modelListCache: ModelListCache | undefined;
}

/** One request, ready to send. The caller must end it with `exchange.timeouts.close()`. */
export interface PreparedRequest {
  options: PrepareRequestOptions;
  exchange: HttpExchange;
  collector: ReplyCollector;
  /** Sends the request through the SDK. Rejects as soon as the caller or a time limit aborts it. */
  send<Result>(invoke: (models: Models, parameters: GenerateContentParameters) => Promise<Result>): Promise<Result>;
}

/**
 * Loads the SDK, and fetches, reads or uploads the media. Both happen before the exchange begins, so that neither
 * counts against its time limit.
 * @throws BoticelliError for an unusable key or for media that can't be fetched, read or uploaded
 */
export async function prepareRequest(options: PrepareRequestOptions): Promise<PreparedRequest> {
  const { request, context, connection } = options;
  const { signal, beforeSending } = context;
  signal?.throwIfAborted();
  const models = await abortable(connection.getModelsApi(), signal);
  const requestWithMedia = await options.mediaPreparer.prepare(request, context);
  const model = stripModelPrefix(request.model);
  const collector = createReplyCollector(model, request.finishedHops, request.parameters.tools);
  const getPartialText = () => collector.text;
  const exchange = createHttpExchange({ ...options, model, beforeSending, signal, getPartialText });
  return {
    options,
    exchange,
    collector,
    async send(invoke) {
      if (!modelNamePattern.test(model)) {
        throw new BoticelliError('model_not_found', `"${toOneLine(model, 80)}" is not a valid model name`);
      }
      const { config, ...parameters } = convertRequest(requestWithMedia);
      const headers = createTimeoutHeader(options);
      const sdkOptions = { httpOptions: { fetch: createGeminiFetch(exchange), ...(headers && { headers }) } };
      const result = invoke(models, { ...parameters, config: { ...config, ...sdkOptions } });
      return abortable(result, exchange.timeouts.signal);
    },
  };
}

/**
 * Asks the service to wait for flex capacity up to the time limit of the request. By default, the service waits 600 s
 * (ai.google.dev/gemini-api/docs/flex-inference, read 2026-11-30).
 */
function createTimeoutHeader({ request, timeoutMs }: PrepareRequestOptions): Record<string, string> | undefined {
  if (getServiceTier(request) !== 'flex') return undefined;
  return { 'X-Server-Timeout': String(Math.ceil(timeoutMs / 1000)) };
}

/**
 * Returns the error that a call rejects with. An abort or a timeout takes precedence, because it causes other errors.
 * Also emits the usage of the reply.
 */
export async function toRequestError(thrown: unknown, prepared: PreparedRequest): Promise<unknown> {
  const { options, exchange, collector } = prepared;
  const { redact } = exchange;
  const { usageReport } = collector;
  reportUsage(options.context, usageReport && addServedTier(usageReport, exchange.servedTier, options.request));
  if (exchange.timeouts.signal.aborted) return exchange.timeouts.signal.reason;
  // Our fetch has checked everything except the JSON of each event, because only the SDK parses it.
  if (thrown instanceof SyntaxError && exchange.streaming) {
    const malformedEvent = exchange.lastEvents.find((event) => tryParseJson(event) === undefined);
    return createMalformedEventError(malformedEvent ?? '', exchange);
  }
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return redactError(thrown, redact);

  const target = { model: stripModelPrefix(options.request.model), method: 'generateContent' } as const;
  const deadlineSignal = exchange.timeouts.signal;
  return redactError(await explainUnknownModel(thrown, { ...options, ...target, deadlineSignal }), redact);
}
