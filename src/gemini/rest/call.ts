import type { GenerateContentParameters, Models } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { possibleModelNames } from '../../facts.js';
import { withoutKey } from '../api-key.js';
import type { Connection } from '../connection.js';
import { explainUnknown } from '../errors/explain-unknown-model.js';
import { malformedEvent } from '../errors/invalid-response.js';
import { oneLine } from '../errors/one-line.js';
import { parsedJson } from '../errors/parse-error-body.js';
import type { MediaDelivery } from '../media/deliver-media.js';
import type { CatalogueMemory } from '../models/model-info.js';
import type { CallOptions } from '../options.js';
import { serviceFetch } from '../transport/fetch.js';
import { collectReply, type ReplyCollector } from './collect-response.js';
import { bareModel, wireRequest } from './convert-request.js';
import { type Exchange, openExchange } from './exchange.js';
import { orAborted } from './request-timeouts.js';

interface CallStart extends CallOptions {
  request: GenerateRequest;
  context: CallContext;
  connection: Connection;
  delivery: MediaDelivery;
  streaming: boolean;
  catalogue: CatalogueMemory | undefined;
}

/** One call of the service. Whoever started it must end it with `exchange.attempt.close()`. */
export interface Call {
  start: CallStart;
  exchange: Exchange;
  reply: ReplyCollector;
  /** Sends the request through the SDK; rejects at once when the attempt is aborted. */
  ask<Answer>(send: (models: Models, parameters: GenerateContentParameters) => Promise<Answer>): Promise<Answer>;
}

/**
 * Loads the client and brings the media on their way, then begins the attempt: neither takes anything off its time. Rejects
 * with what is wrong with the key or the media.
 */
export async function startCall(start: CallStart): Promise<Call> {
  const { request, connection, streaming, timeoutMs, idleTimeoutMs, clock } = start;
  const { signal, beforeSending } = start.context;
  signal?.throwIfAborted();
  const models = await orAborted(connection.models(), signal);
  const sendable = await start.delivery.deliver(request, start.context);
  const model = bareModel(request.model);
  const reply = collectReply(model);
  const limits = { signal, timeoutMs, idleTimeoutMs };
  const partialText = () => reply.text;
  const exchange = openExchange({ connection, clock, model, streaming, partialText, beforeSending, ...limits });
  return {
    start,
    exchange,
    reply,
    async ask(send) {
      assertModelName(model);
      const { config, ...parameters } = wireRequest(sendable);
      const seam = { httpOptions: { fetch: serviceFetch(exchange) } };
      return orAborted(send(models, { ...parameters, config: { ...config, ...seam } }), exchange.attempt.signal);
    },
  };
}

/** What a call rejects with: the reason of an abort or a timeout before all else, for it makes the rest fail too. */
export async function failureOf(thrown: unknown, { start, exchange }: Call): Promise<unknown> {
  const { connection, request } = start;
  const { redact } = connection;
  if (exchange.attempt.signal.aborted) return exchange.attempt.signal.reason;
  // The seam has checked everything but the JSON of each event, which the SDK parses.
  if (thrown instanceof SyntaxError && exchange.streaming) {
    return malformedEvent(exchange.handedOver.find((event) => parsedJson(event) === undefined) ?? '', exchange);
  }
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return withoutKey(thrown, redact);

  const asked = { model: bareModel(request.model), method: 'generateContent' } as const;
  return withoutKey(await explainUnknown(thrown, { ...start, ...asked }), redact);
}

function assertModelName(model: string): void {
  if (possibleModelNames.test(model)) return;
  throw new BoticelliError('model_not_found', `no model can be named "${oneLine(model, 80)}"`);
}
