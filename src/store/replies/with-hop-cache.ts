import { continuesInNextHop, getNewContinuationToken } from '../../driver/continuation.js';
import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import { createLayer } from '../../driver/layers/create-layer.js';
import type { GenerateRequest } from '../../driver/request.js';
import { once } from '../../util/once.js';
import { createHopKey, describeRequest, getStoredKey, type RequestId } from './request-id.js';
import type { ReplyCacheOptions } from './with-reply-cache.js';

/**
 * Stores each hop of a long reply except the last, before the hop is returned. If `canReuse` returns true, reuses the
 * hops that an earlier run stored. `withReplyCache` sets the id of the whole request as `requestId` in the context. The
 * key of a hop begins with the key under which the whole reply is stored. Without a `requestId`, all requests pass
 * through.
 */
export function withHopCache(options: ReplyCacheOptions, inner: BoticelliDriver): BoticelliDriver {
  const { cache, canReuse, acceptFallbackReplies = true } = options;
  return createLayer(inner, {
    async *call(request, context, send) {
      const { requestId } = context;
      if (!requestId) return yield* send(request, context);
      const getHopId = once(() => createHopId(request, requestId));
      // `rowIdentity` says for which row and combination the request is sent.
      const stored = canReuse?.(context.rowIdentity, context.position?.index)
        ? await cache.find(getHopId(), acceptFallbackReplies ? undefined : request.model)
        : undefined;
      if (stored) {
        const { text, finishReason } = stored;
        yield { text, finished: true, metadata: { finishReason }, response: { ...stored, reused: true } };
        return;
      }
      for await (const chunk of send(request, context)) {
        const { response } = chunk;
        // A hop without a new continuation token is not stored: a later run that reused it could not continue either.
        if (
          response &&
          continuesInNextHop(response.finishReason) &&
          getNewContinuationToken(request, response) !== undefined
        )
          await cache.save(getHopId(), response);
        yield chunk;
      }
    },
  });
}

function createHopId(request: GenerateRequest, requestId: NonNullable<CallContext['requestId']>): RequestId {
  const { occurrence } = requestId;
  return { key: createHopKey(getStoredKey(requestId), describeRequest(request)), occurrence };
}
