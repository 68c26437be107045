import { systemClock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import { readFinalResponse } from '../../driver/final-response.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { StreamChunk } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { redactError } from '../api-key.js';
import type { Connection } from '../connection.js';
import { explainUnknownModel } from '../errors/unknown-model.js';
import type { MediaPreparer } from '../media/prepare-media.js';
import { getLiveUnsupportedReason } from '../models/unsupported-reason.js';
import { createLiveModeFinder, type LiveModeFinder } from './live-mode.js';
import type { LiveDriver, LiveOptions } from './options.js';
import type { ResolvedLiveOptions } from './pooled-session.js';
import { createSessionPool, type SessionPool } from './session-pool.js';
import { streamLiveReply } from './stream-live-reply.js';

/**
 * Creates the driver for the Live API. A call is one turn of a WebSocket session. The session stays open for calls that
 * continue its conversation. If a call continues the conversation of no open session, the driver closes all sessions
 * without a turn in progress, and opens a new session. The driver also closes a session after `idleSessionMs` without a
 * turn. `close()` closes all sessions. The field `audio` of a response is its speech, and `text` is the transcript.
 *
 * Calls reject with a BoticelliError or with the reason of the caller's signal. No error contains the key. A session
 * that is lost before the reply begins is reopened once, and a `note` event is emitted.
 * @param options if `mediaPreparer` is absent, all media must already be bytes
 */
export function createLiveDriver(
  connection: Connection,
  { mediaPreparer, ...options }: LiveOptions & { mediaPreparer?: MediaPreparer },
): LiveDriver {
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock } = options;
  const { setupTimeoutMs = 20_000, idleSessionMs = 10_000, modelListCache, liveModeCache } = options;
  const liveOptions = { connection, timeoutMs, idleTimeoutMs, setupTimeoutMs, idleSessionMs, clock };
  const pool = createSessionPool(liveOptions);
  // A Live mode is how a model takes prompts (client content or realtime input) and sends replies (text or speech).
  const liveModeFinder = createLiveModeFinder(liveModeCache);
  const generateStream = (request: GenerateRequest, context: CallContext = {}) =>
    streamReply(request, context, { mediaPreparer, modelListCache, liveOptions, pool, liveModeFinder });
  return {
    supportsStreaming: () => true,
    // Each session holds a concurrency slot, which the driver acquires with `context.acquireSlot`.
    acquiresOwnSlots: () => true,
    prepare: async () => void (await connection.getLiveApi()),
    closeIdleSessions: pool.closeIdle,
    close: pool.close,
    generateStream,
    generate: (request, context) => readFinalResponse(generateStream(request, context), request.model),
  };
}

interface LiveResources {
  mediaPreparer: MediaPreparer | undefined;
  modelListCache: LiveOptions['modelListCache'];
  liveOptions: ResolvedLiveOptions;
  pool: SessionPool;
  liveModeFinder: LiveModeFinder;
}

async function* streamReply(
  request: GenerateRequest,
  context: CallContext,
  { mediaPreparer, modelListCache, liveOptions, pool, liveModeFinder }: LiveResources,
): AsyncGenerator<StreamChunk> {
  context.signal?.throwIfAborted();
  const model = stripModelPrefix(request.model);
  const unprefixedRequest = { ...request, model };
  const unsupportedReason = getLiveUnsupportedReason(model, request);
  if (unsupportedReason !== undefined) {
    throw new BoticelliError('invalid_request', `${model} can't take this request: ${unsupportedReason}`, {
      hint: 'Change the act, or use another model for it.',
    });
  }
  try {
    // A session does not accept references to uploaded files.
    const requestWithMedia =
      (await mediaPreparer?.prepare(unprefixedRequest, context, { allowUpload: false })) ?? unprefixedRequest;
    const liveModeSearch = await liveModeFinder.startSearch(model);
    yield* streamLiveReply({ request: requestWithMedia, context, liveOptions, pool, liveModeSearch });
  } catch (thrown) {
    let error = thrown;
    if (modelListCache && thrown instanceof BoticelliError && thrown.code === 'model_not_found') {
      const target = { model, method: 'bidiGenerateContent' } as const;
      error = await explainUnknownModel(thrown, { ...liveOptions, ...target, modelListCache, context });
    }
    throw redactError(error, liveOptions.connection.redact);
  }
}
