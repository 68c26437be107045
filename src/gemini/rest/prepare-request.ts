import type { GenerateContentParameters, Models } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { modelNamePattern } from '../../facts/models.js';
import { redactError } from '../api-key.js';
import type { Connection } from '../connection.js';
import { explainUnknownModel } from '../errors/explain-unknown-model.js';
import { createMalformedEventError } from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { tryParseJson } from '../errors/parse-error-body.js';
import type { MediaDelivery } from '../media/deliver-media.js';
import type { ModelListCache } from '../models/model-info.js';
import type { CallOptions } from '../options.js';
import { createGeminiFetch } from '../transport/gemini-fetch.js';
import { createReplyCollector, type ReplyCollector } from './collect-response.js';
import { convertRequest, stripModelPrefix } from './convert-request.js';
import { createHttpExchange, type HttpExchange } from './exchange.js';
import { abortable } from './request-timeouts.js';

interface PrepareRequestOptions extends CallOptions {
  request: GenerateRequest;
  context: CallContext;
  connection: Connection;
  delivery: MediaDelivery;
  streaming: boolean;
  modelListCache: ModelListCache | undefined;
}

/** One call of the service. Whoever started it must end it with `exchange.attempt.close()`. */
export interface PreparedRequest {
  options: PrepareRequestOptions;
  exchange: HttpExchange;
  collector: ReplyCollector;
  /** Sends the request through the SDK; rejects at once when the attempt is aborted. */
  send<Result>(invoke: (models: Models, parameters: GenerateContentParameters) => Promise<Result>): Promise<Result>;
}

/**
 * Loads the client and brings the media on their way, then begins the attempt: neither takes anything off its time. Rejects
 * with what is wrong with the key or the media.
 */
export async function prepareRequest(options: PrepareRequestOptions): Promise<PreparedRequest> {
  const { request, connection, streaming, timeoutMs, idleTimeoutMs, clock } = options;
  const { signal, beforeSending } = options.context;
  signal?.throwIfAborted();
  const models = await abortable(connection.getModelsApi(), signal);
  const deliveredRequest = await options.delivery.deliver(request, options.context);
  const model = stripModelPrefix(request.model);
  const collector = createReplyCollector(model);
  const timeoutOptions = { signal, timeoutMs, idleTimeoutMs };
  const partialText = () => collector.text;
  const exchange = createHttpExchange({
    connection,
    clock,
    model,
    streaming,
    partialText,
    beforeSending,
    ...timeoutOptions,
  });
  return {
    options,
    exchange,
    collector,
    async send(invoke) {
      assertValidModelName(model);
      const { config, ...parameters } = convertRequest(deliveredRequest);
      const sdkOptions = { httpOptions: { fetch: createGeminiFetch(exchange) } };
      return abortable(
        invoke(models, { ...parameters, config: { ...config, ...sdkOptions } }),
        exchange.timeouts.signal,
      );
    },
  };
}

/** What a call rejects with: the reason of an abort or a timeout before all else, for it makes the rest fail too. */
export async function toRequestError(thrown: unknown, { options, exchange }: PreparedRequest): Promise<unknown> {
  const { connection, request } = options;
  const { redact } = connection;
  if (exchange.timeouts.signal.aborted) return exchange.timeouts.signal.reason;
  // The seam has checked everything but the JSON of each event, which the SDK parses.
  if (thrown instanceof SyntaxError && exchange.streaming) {
    return createMalformedEventError(
      exchange.lastEvents.find((event) => tryParseJson(event) === undefined) ?? '',
      exchange,
    );
  }
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return redactError(thrown, redact);

  const target = { model: stripModelPrefix(request.model), method: 'generateContent' } as const;
  return redactError(await explainUnknownModel(thrown, { ...options, ...target }), redact);
}

function assertValidModelName(model: string): void {
  if (modelNamePattern.test(model)) return;
  throw new BoticelliError('model_not_found', `no model can be named "${toOneLine(model, 80)}"`);
}
