import { systemClock } from '../driver/clock.js';
import type { BoticelliDriver, CallContext } from '../driver/driver.js';
import type { GenerateRequest } from '../driver/request.js';
import type { GenerateResponse, StreamChunk } from '../driver/response.js';
import { getServiceTier } from '../driver/service-tier.js';
import { flexTimeoutMs } from '../facts/service-tiers.js';
import { type Connection, createConnection } from './connection.js';
import { createIncompleteResponseError, createStreamInterruptedError } from './errors/invalid-response.js';
import { toOneLine } from './errors/one-line.js';
import type { LiveDriver } from './live/options.js';
import { createMediaPreparer, type MediaPreparer } from './media/prepare-media.js';
import { isLiveOnly } from './models/capabilities.js';
import type { GeminiDriverOptions } from './options.js';
import type { CallOptions } from './rest/call-options.js';
import { countTokens } from './rest/count-tokens.js';
import { type PreparedRequest, prepareRequest, toRequestError } from './rest/prepare-request.js';
import { getTokenMetadata } from './rest/reply/collect-response.js';
import { emitThoughts, reportUnrequestedThoughts } from './rest/reply/thoughts.js';
import { addServedTier } from './rest/served-tier.js';
import { createRoutingDriver } from './rest-or-live.js';
import { withRedactedReplies } from './with-redacted-replies.js';

/**
 * Creates the Gemini driver without any layers. It uses REST and server-sent events, and the Live API for models that
 * need it. Each call is one request or one turn of a Live session, and is never retried. Nothing is loaded before the
 * first call. `close` ends Live sessions and deletes uploaded files.
 *
 * Calls reject with a BoticelliError or with the reason of the caller's signal. No error and no reply contains the key.
 * @throws BoticelliError `invalid_config` for an invalid base URL
 */
export function createGeminiDriver(options: GeminiDriverOptions): BoticelliDriver {
  const connection = createConnection(options);
  const { timeoutMs = defaultTimeoutMs, idleTimeoutMs = 60_000, clock = systemClock, modelListCache } = options;
  const callOptions = { timeoutMs, idleTimeoutMs, clock };
  const mediaPreparer = createMediaPreparer({ connection, ...callOptions });
  const loadLiveDriver = async () =>
    (await import('./live/driver.js')).createLiveDriver(connection, { ...options, mediaPreparer });
  const driver = createRoutingDriver({
    rest: createRestDriver({
      connection,
      mediaPreparer,
      modelListCache,
      ...callOptions,
      hasOwnTimeout: options.timeoutMs !== undefined,
    }),
    live: createLazyLiveDriver(loadLiveDriver),
    usesLiveApi: options.usesLiveApi ?? isLiveOnly,
  });
  return withRedactedReplies(driver, options.apiKey, connection.redact);
}

/**
 * Creates a Live driver whose modules are loaded at its first call, so that runs without Live models do not load them.
 */
function createLazyLiveDriver(load: () => Promise<LiveDriver>): LiveDriver {
  let loaded: Promise<LiveDriver> | undefined;
  const getDriver = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    supportsStreaming: () => true,
    // The Live driver acquires the concurrency slots of its sessions itself.
    acquiresOwnSlots: () => true,
    closeIdleSessions: async () => (await loaded)?.closeIdleSessions(),
    close: async () => (await loaded)?.close?.(),
    generate: async (request, context) => (await getDriver()).generate(request, context),
    async *generateStream(request, context) {
      yield* (await getDriver()).generateStream(request, context);
    },
  };
}

interface RestDriverOptions extends CallOptions {
  modelListCache: GeminiDriverOptions['modelListCache'];
  connection: Connection;
  mediaPreparer: MediaPreparer;
  /** Whether `timeoutMs` was given. If not, flex requests have a longer limit. */
  hasOwnTimeout: boolean;
}

const defaultTimeoutMs = 300_000;

/** Returns the options with the time limit of a request. A flex request may wait for minutes until it is served. */
function applyTierTimeout(request: GenerateRequest, options: RestDriverOptions): RestDriverOptions {
  const usesFlexTimeout = !options.hasOwnTimeout && getServiceTier(request) === 'flex';
  return usesFlexTimeout ? { ...options, timeoutMs: flexTimeoutMs } : options;
}

function createRestDriver(options: RestDriverOptions): BoticelliDriver {
  return {
    supportsStreaming: () => true,
    prepare: options.connection.prepare,
    close: () => options.mediaPreparer.close(),
    countTokens: (request, context = {}) => countTokens(request, context, options),

    async generate(request, context = {}) {
      const prepared = await prepareRequest({
        request,
        context,
        ...applyTierTimeout(request, options),
        streaming: false,
      });
      try {
        prepared.collector.add(await prepared.send((models, parameters) => models.generateContent(parameters)));
        return completeReply(prepared);
      } catch (thrown) {
        throw await toRequestError(thrown, prepared);
      } finally {
        prepared.exchange.timeouts.close();
      }
    },

    generateStream: (request, context = {}) => streamReply(request, context, options),
  };
}

async function* streamReply(
  request: GenerateRequest,
  context: CallContext,
  options: RestDriverOptions,
): AsyncGenerator<StreamChunk> {
  const prepared = await prepareRequest({ request, context, ...applyTierTimeout(request, options), streaming: true });
  try {
    yield* receiveChunks(prepared);
  } catch (thrown) {
    throw await toRequestError(thrown, prepared);
  } finally {
    // Also closes the connection if the caller leaves the loop early. The SDK itself would keep it open.
    prepared.exchange.timeouts.close();
  }
}

async function* receiveChunks(prepared: PreparedRequest): AsyncGenerator<StreamChunk> {
  const { collector, exchange, send, options } = prepared;
  for await (const chunk of await send((models, parameters) => models.generateContentStream(parameters))) {
    const text = collector.add(chunk);
    if (options.request.includeThoughts) emitThoughts(collector.takeThoughts(), options.request, options.context);
    if (text === '') continue;
    yield { text, finished: false, metadata: getTokenMetadata(collector) };
    // After an abort, no more text is yielded, even if it arrived before the abort.
    exchange.timeouts.signal.throwIfAborted();
  }
  const response = completeReply(prepared);
  const { finishReason } = response;
  yield { text: '', finished: true, metadata: { ...getTokenMetadata(collector), finishReason }, response };
}

/**
 * Builds the reply when the response has been read to its end, and emits its thoughts. Emits notes about parts that are
 * neither text nor media, and about problems with tools. A response without a finish reason is incomplete, even if its
 * JSON is whole.
 * @throws StreamInterrupted or BoticelliError `unavailable` for an incomplete response
 */
function completeReply({ collector, exchange, options: { request, context } }: PreparedRequest): GenerateResponse {
  if (!collector.isFinished) {
    throw exchange.streaming
      ? createStreamInterruptedError('it ended without a finish reason', collector.text)
      : createIncompleteResponseError('it has no finish reason', exchange.host);
  }
  const { finishMessage, servedTier } = exchange;
  // The thoughts are emitted before `buildResponse`, which throws if the reply has nothing else.
  const thoughts = collector.takeThoughts();
  emitThoughts(thoughts, request, context);
  const reply = collector.buildResponse(finishMessage && toOneLine(exchange.redact(finishMessage)));
  reportUnrequestedThoughts(thoughts, request, context);
  const response = addServedTier(reply, servedTier, request);
  const otherParts = collector.describeUnshownParts();
  const messages = [
    ...(otherParts === undefined ? [] : [`the reply also has ${otherParts}; only its text and media are shown`]),
    ...collector.listToolProblems(),
  ];
  for (const message of messages)
    context.emit?.({ type: 'note', about: 'reply', message: exchange.redact(message), warning: true });
  return response;
}
