import { systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { tellSpent } from '../driver/layers/usage-events.js';
import type { StreamChunk } from '../driver/response.js';
import { type Connection, connectionTo } from './connection.js';
import { interrupted } from './errors/invalid-response.js';
import { lazyLive } from './live/lazy-driver.js';
import { createMediaDelivery, type MediaDelivery } from './media/deliver-media.js';
import { isLiveOnly } from './models/capabilities.js';
import type { CallOptions, GeminiDriverOptions } from './options.js';
import { failureOf, startCall } from './rest/call.js';
import type { ReplyCollector } from './rest/collect-response.js';
import { routed } from './rest-or-live.js';

/**
 * The bare Gemini driver, over REST and server-sent events, and over the Live API for the models that speak it: a call is
 * one request or one turn of a session, and nothing is retried. It rejects with a BoticelliError, or with the reason of
 * the caller's signal; the key is in none of them. Nothing is loaded before the first call. `close` ends a Live session.
 * Throws `invalid_config` for a base URL that can't be one.
 */
export function createGeminiDriver(options: GeminiDriverOptions): BoticelliDriver {
  const { speaksLive = isLiveOnly, gate } = options;
  const connection = connectionTo(options);
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock } = options;
  const limits = { timeoutMs, idleTimeoutMs, clock, catalogue: options.catalogue };
  const delivery = createMediaDelivery({ connection, ...limits });
  const load = async () => (await import('./live/driver.js')).liveDriverOver(connection, { ...options, delivery });
  return routed({
    rest: restDriver({ connection, delivery, ...limits }),
    live: lazyLive({ load, holdsPlace: () => gate !== undefined }),
    speaksLive,
  });
}

interface RestOptions extends CallOptions {
  catalogue: GeminiDriverOptions['catalogue'];
  connection: Connection;
  delivery: MediaDelivery;
}

function restDriver({ connection, delivery, ...limits }: RestOptions): BoticelliDriver {
  return {
    supportsStreaming: () => true,
    close: () => delivery.close(),

    prepare: connection.prepare,

    async generate(request, context = {}) {
      const call = await startCall({ request, context, connection, delivery, ...limits, streaming: false });
      try {
        call.reply.add(await call.ask((models, parameters) => models.generateContent(parameters)));
        return call.reply.response();
      } catch (thrown) {
        tellSpent(context, call.reply.paid);
        throw await failureOf(thrown, call);
      } finally {
        call.exchange.attempt.close();
      }
    },

    async *generateStream(request, context = {}): AsyncGenerator<StreamChunk> {
      const call = await startCall({ request, context, connection, delivery, ...limits, streaming: true });
      const { reply, exchange } = call;
      try {
        for await (const chunk of await call.ask((models, parameters) => models.generateContentStream(parameters))) {
          const text = reply.add(chunk);
          if (text === '') continue;
          yield { text, finished: false, metadata: generatedBy(reply) };
          // What had come before an abort is not handed out after it.
          exchange.attempt.signal.throwIfAborted();
        }
        if (!reply.isFinished) throw interrupted('it ended without a finish reason', exchange);
        const response = reply.response();
        const { finishReason } = response;
        yield { text: '', finished: true, metadata: { ...generatedBy(reply), finishReason }, response };
      } catch (thrown) {
        tellSpent(context, reply.paid);
        throw await failureOf(thrown, call);
      } finally {
        // Leaving the loop early comes through here too: the SDK alone would keep the connection open.
        exchange.attempt.close();
      }
    },
  };
}

function generatedBy({ outputTokens }: ReplyCollector): { tokensGenerated?: number } {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}
