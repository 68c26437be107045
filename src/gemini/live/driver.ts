import { systemClock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse, StreamChunk } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { withoutKey } from '../api-key.js';
import { type Connection, connectionTo } from '../connection.js';
import { explainUnknown } from '../errors/explain-unknown-model.js';
import type { ConnectionOptions } from '../options.js';
import { bareModel } from '../rest/convert-request.js';
import { talk } from './call.js';
import type { LiveDriver, LiveOptions } from './options.js';
import { createManners } from './response-mode.js';
import { createSessionPool } from './session-pool.js';
import { liveObstacle } from './unsupported-request.js';

/**
 * The driver that speaks the Live API: a WebSocket session, in which a call is one turn. A session serves calls as long as
 * their conversation only grows, and ends when one does not go on with it, after ten idle seconds, and by `close()`; after
 * that another call opens another one. What models answer in speech comes as its transcript, and as `audio` beside it.
 *
 * It rejects with a BoticelliError, or with the reason of the caller's signal; the key is in none of them. A session that
 * was lost before the reply began is opened anew, once, which is told as a `note` event.
 */
export function createLiveDriver(options: ConnectionOptions & LiveOptions): LiveDriver {
  return liveDriverOver(connectionTo(options), options);
}

/** The same over a connection that is there already. */
export function liveDriverOver(connection: Connection, options: LiveOptions): LiveDriver {
  const { timeoutMs = 300_000, idleTimeoutMs = 60_000, clock = systemClock, gate } = options;
  const { memory, delivery, catalogue } = options;
  const { setupTimeoutMs = 20_000, idleSessionMs = 10_000 } = options;
  const service = { connection, timeoutMs, idleTimeoutMs, setupTimeoutMs, idleSessionMs, clock, gate };
  const pool = createSessionPool(service);
  const manners = createManners(memory);

  async function* generateStream(request: GenerateRequest, context: CallContext = {}): AsyncGenerator<StreamChunk> {
    context.signal?.throwIfAborted();
    const asked = { ...request, model: bareModel(request.model) };
    assertTakes(asked);
    try {
      // All of it goes along: a session takes no references to files.
      const sendable = (await delivery?.deliver(asked, context, false)) ?? asked;
      yield* talk({ request: sendable, context, service, pool, search: await manners.of(asked.model) });
    } catch (thrown) {
      const isUnknown = catalogue && thrown instanceof BoticelliError && thrown.code === 'model_not_found';
      const asked = { model: bareModel(request.model), method: 'bidiGenerateContent' } as const;
      const told = isUnknown ? await explainUnknown(thrown, { ...service, ...asked, catalogue, context }) : thrown;
      throw withoutKey(told, connection.redact);
    }
  }
  return {
    supportsStreaming: () => true,
    holdsPlace: () => gate !== undefined,
    prepare: async () => void (await connection.live()),
    endIdleSessions: pool.endIdle,
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

function assertTakes(request: GenerateRequest): void {
  const obstacle = liveObstacle(request.model, request);
  if (obstacle === undefined) return;
  throw new BoticelliError('invalid_request', `${request.model} can't take this request, ${obstacle}`, {
    hint: 'Change the act, or use another model for it.',
  });
}
