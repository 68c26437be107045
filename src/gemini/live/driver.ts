import { systemClock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse, StreamChunk } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import { type Connection, createConnection } from '../connection.js';
import { explainUnknownModel } from '../errors/unknown-model.js';
import type { MediaDelivery } from '../media/deliver-media.js';
import type { ConnectionOptions } from '../options.js';
import type { LiveDriver, LiveOptions } from './options.js';
import { createResponseModes } from './response-mode.js';
import { createSessionPool } from './session-pool.js';
import { streamLiveReply } from './stream-live-reply.js';
import { getLiveUnsupportedReason } from './unsupported-live-request.js';

/**
 * The driver that speaks the Live API: a WebSocket session, in which a call is one turn. A session serves calls as long as
 * their conversation only grows, and ends when one does not go on with it, after ten idle seconds, and by `close()`; after
 * that another call opens another one. What models answer in speech comes as its transcript, and as `audio` beside it.
 *
 * It rejects with a BoticelliError, or with the reason of the caller's signal; the key is in none of them. A session that
 * was lost before the reply began is opened anew, once, which is told as a `note` event.
 */
export function createLiveDriver(options: ConnectionOptions & LiveOptions): LiveDriver {
  return createLiveDriverWithConnection(createConnection(options), options);
}

/** Like `createLiveDriver`, over an existing connection. Without `delivery`, media must be bytes already. */
export function createLiveDriverWithConnection(
  connection: Connection,
  { delivery, ...options }: LiveOptions & { delivery?: MediaDelivery },
): LiveDriver {
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock, concurrencyLimiter } = options;
  const { responseModeCache, modelListCache } = options;
  const { setupTimeoutMs = 20_000, idleSessionMs = 10_000 } = options;
  const liveOptions = {
    connection,
    timeoutMs,
    idleTimeoutMs,
    setupTimeoutMs,
    idleSessionMs,
    clock,
    concurrencyLimiter,
  };
  const pool = createSessionPool(liveOptions);
  const responseModes = createResponseModes(responseModeCache);

  async function* generateStream(request: GenerateRequest, context: CallContext = {}): AsyncGenerator<StreamChunk> {
    context.signal?.throwIfAborted();
    const bareRequest = { ...request, model: stripModelPrefix(request.model) };
    assertSupported(bareRequest);
    try {
      // All of it goes along: a session takes no references to files.
      const deliveredRequest = (await delivery?.deliver(bareRequest, context, false)) ?? bareRequest;
      yield* streamLiveReply({
        request: deliveredRequest,
        context,
        liveOptions,
        pool,
        modeSearch: await responseModes.startSearch(bareRequest.model),
      });
    } catch (thrown) {
      const isUnknown = modelListCache && thrown instanceof BoticelliError && thrown.code === 'model_not_found';
      const target = { model: stripModelPrefix(request.model), method: 'bidiGenerateContent' } as const;
      const error = isUnknown
        ? await explainUnknownModel(thrown, { ...liveOptions, ...target, modelListCache, context })
        : thrown;
      throw redactError(error, connection.redact);
    }
  }
  return {
    supportsStreaming: () => true,
    managesConcurrency: () => concurrencyLimiter !== undefined,
    prepare: async () => void (await connection.getLiveApi()),
    closeIdleSessions: pool.closeIdle,
    close: pool.close,
    generateStream,
    async generate(request, context) {
      let response: GenerateResponse | undefined;
      for await (const chunk of generateStream(request, context)) response = chunk.response;
      if (!response) throw new Error('the last chunk has no response');
      return response;
    },
  };
}

function assertSupported(request: GenerateRequest): void {
  const unsupportedReason = getLiveUnsupportedReason(request.model, request);
  if (unsupportedReason === undefined) return;
  throw new BoticelliError('invalid_request', `${request.model} can't take this request, ${unsupportedReason}`, {
    hint: 'Change the act, or use another model for it.',
  });
}
