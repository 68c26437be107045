import { systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { reportUsage } from '../driver/layers/usage-events.js';
import type { StreamChunk } from '../driver/response.js';
import { type Connection, createConnection } from './connection.js';
import { createStreamInterruptedError } from './errors/invalid-response.js';
import { createLazyLiveDriver } from './live/lazy-driver.js';
import { createMediaDelivery, type MediaDelivery } from './media/deliver-media.js';
import { isLiveOnly } from './models/capabilities.js';
import type { CallOptions, GeminiDriverOptions } from './options.js';
import type { ReplyCollector } from './rest/collect-response.js';
import { prepareRequest, toRequestError } from './rest/prepare-request.js';
import { createRoutingDriver } from './rest-or-live.js';

/**
 * The bare Gemini driver, over REST and server-sent events, and over the Live API for the models that speak it: a call is
 * one request or one turn of a session, and nothing is retried. It rejects with a BoticelliError, or with the reason of
 * the caller's signal; the key is in none of them. Nothing is loaded before the first call. `close` ends a Live session.
 * Throws `invalid_config` for a base URL that can't be one.
 */
export function createGeminiDriver(options: GeminiDriverOptions): BoticelliDriver {
  const { usesLiveApi = isLiveOnly, concurrencyLimiter } = options;
  const connection = createConnection(options);
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock } = options;
  const callOptions = { timeoutMs, idleTimeoutMs, clock, modelListCache: options.modelListCache };
  const delivery = createMediaDelivery({ connection, ...callOptions });
  const loadLiveDriver = async () =>
    (await import('./live/driver.js')).createLiveDriverWithConnection(connection, { ...options, delivery });
  return createRoutingDriver({
    rest: createRestDriver({ connection, delivery, ...callOptions }),
    live: createLazyLiveDriver({ load: loadLiveDriver, managesConcurrency: () => concurrencyLimiter !== undefined }),
    usesLiveApi,
  });
}

interface RestDriverOptions extends CallOptions {
  modelListCache: GeminiDriverOptions['modelListCache'];
  connection: Connection;
  delivery: MediaDelivery;
}

function createRestDriver({ connection, delivery, ...callOptions }: RestDriverOptions): BoticelliDriver {
  return {
    supportsStreaming: () => true,
    close: () => delivery.close(),

    prepare: connection.prepare,

    async generate(request, context = {}) {
      const prepared = await prepareRequest({
        request,
        context,
        connection,
        delivery,
        ...callOptions,
        streaming: false,
      });
      try {
        prepared.collector.add(await prepared.send((models, parameters) => models.generateContent(parameters)));
        return prepared.collector.buildResponse();
      } catch (thrown) {
        reportUsage(context, prepared.collector.billed);
        throw await toRequestError(thrown, prepared);
      } finally {
        prepared.exchange.timeouts.close();
      }
    },

    async *generateStream(request, context = {}): AsyncGenerator<StreamChunk> {
      const prepared = await prepareRequest({
        request,
        context,
        connection,
        delivery,
        ...callOptions,
        streaming: true,
      });
      const { collector, exchange } = prepared;
      try {
        for await (const chunk of await prepared.send((models, parameters) =>
          models.generateContentStream(parameters),
        )) {
          const text = collector.add(chunk);
          if (text === '') continue;
          yield { text, finished: false, metadata: getTokenMetadata(collector) };
          // What had come before an abort is not handed out after it.
          exchange.timeouts.signal.throwIfAborted();
        }
        if (!collector.isFinished) throw createStreamInterruptedError('it ended without a finish reason', exchange);
        const response = collector.buildResponse();
        const { finishReason } = response;
        yield { text: '', finished: true, metadata: { ...getTokenMetadata(collector), finishReason }, response };
      } catch (thrown) {
        reportUsage(context, collector.billed);
        throw await toRequestError(thrown, prepared);
      } finally {
        // Leaving the loop early comes through here too: the SDK alone would keep the connection open.
        exchange.timeouts.close();
      }
    },
  };
}

function getTokenMetadata({ outputTokens }: ReplyCollector): { tokensGenerated?: number } {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}
