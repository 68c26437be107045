import { systemClock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import { readFinalResponse } from '../../driver/final-response.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { StreamChunk } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import { type Connection, createConnection } from '../connection.js';
import { explainUnknownModel } from '../errors/unknown-model.js';
import type { MediaDelivery } from '../media/deliver-media.js';
import type { ConnectionOptions } from '../options.js';
import type { LiveDriver, LiveOptions } from './options.js';
import type { ResolvedLiveOptions } from './pooled-session.js';
import { createResponseModes, type ResponseModes } from './response-mode.js';
import { createSessionPool, type SessionPool } from './session-pool.js';
import { streamLiveReply } from './stream-live-reply.js';
import { getLiveUnsupportedReason } from './unsupported-live-request.js';

/**
 * Creates the driver for the Live API. A call is one turn of a WebSocket session. A session serves further calls as long as
 * their conversation continues it; it is closed by a call that does not, after 10 s without a turn, and by `close()`. Later
 * calls open a new one. Speech is returned as its transcript, and in `audio`.
 *
 * Calls reject with a BoticelliError or with the reason of the caller's signal. No error contains the key. A session that is
 * lost before the reply begins is reopened once, with a `note` event.
 */
export function createLiveDriver(options: ConnectionOptions & LiveOptions): LiveDriver {
  return createLiveDriverWithConnection(createConnection(options), options);
}

/** Like `createLiveDriver`, over an existing connection. Without `delivery`, media must be bytes already. */
export function createLiveDriverWithConnection(
  connection: Connection,
  { delivery, ...options }: LiveOptions & { delivery?: MediaDelivery },
): LiveDriver {
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock } = options;
  const { setupTimeoutMs = 20_000, idleSessionMs = 10_000, modelListCache, responseModeCache } = options;
  const timeLimits = { timeoutMs, idleTimeoutMs, setupTimeoutMs, idleSessionMs };
  const liveOptions = { connection, ...timeLimits, clock };
  const pool = createSessionPool(liveOptions);
  const responseModes = createResponseModes(responseModeCache);
  const generateStream = (request: GenerateRequest, context: CallContext = {}) =>
    streamReply(request, context, { delivery, modelListCache, liveOptions, pool, responseModes });
  return {
    supportsStreaming: () => true,
    managesConcurrency: () => true,
    prepare: async () => void (await connection.getLiveApi()),
    closeIdleSessions: pool.closeIdle,
    close: pool.close,
    generateStream,
    generate: (request, context) => readFinalResponse(generateStream(request, context), request.model),
  };
}

interface LiveResources {
  delivery: MediaDelivery | undefined;
  modelListCache: LiveOptions['modelListCache'];
  liveOptions: ResolvedLiveOptions;
  pool: SessionPool;
  responseModes: ResponseModes;
}

async function* streamReply(
  request: GenerateRequest,
  context: CallContext,
  { delivery, modelListCache, liveOptions, pool, responseModes }: LiveResources,
): AsyncGenerator<StreamChunk> {
  context.signal?.throwIfAborted();
  const model = stripModelPrefix(request.model);
  const bareRequest = { ...request, model };
  assertSupported(bareRequest);
  try {
    // `false`: media are sent as bytes, because a session takes no references to files.
    const deliveredRequest = (await delivery?.deliver(bareRequest, context, false)) ?? bareRequest;
    const modeSearch = await responseModes.startSearch(model);
    yield* streamLiveReply({ request: deliveredRequest, context, liveOptions, pool, modeSearch });
  } catch (thrown) {
    const isUnknownModel = modelListCache && thrown instanceof BoticelliError && thrown.code === 'model_not_found';
    const target = { model, method: 'bidiGenerateContent' } as const;
    const error = isUnknownModel
      ? await explainUnknownModel(thrown, { ...liveOptions, ...target, modelListCache, context })
      : thrown;
    throw redactError(error, liveOptions.connection.redact);
  }
}

function assertSupported(request: GenerateRequest): void {
  const unsupportedReason = getLiveUnsupportedReason(request.model, request);
  if (unsupportedReason === undefined) return;
  throw new BoticelliError('invalid_request', `${request.model} can't take this request: ${unsupportedReason}`, {
    hint: 'Change the act, or use another model for it.',
  });
}
