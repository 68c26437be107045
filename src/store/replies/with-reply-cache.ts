import type { BoticelliDriver, CallContext, RowIdentity } from '../../driver/driver.js';
import { createLayer } from '../../driver/layers/create-layer.js';
import type { GenerateRequest } from '../../driver/request.js';
import { createFinalMetadata, type GenerateResponse } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { classifyFinishReason } from '../../facts/finish-reasons.js';
import type { ReplyCache } from './reply-cache.js';
import { createRequestNumbering, type RequestId } from './request-id.js';

/** Where replies are stored, and which stored replies may be reused. */
export interface ReplyCacheOptions {
  cache: ReplyCache;
  /**
   * Whether a stored reply may be reused. Called before each request, with the row for which it is sent, if there are
   * rows, and the index of the act. Default: replies are stored, but never reused.
   */
  canReuse?: (rowIdentity?: RowIdentity, index?: number) => boolean;
  /** Whether a reply of a fallback model may be reused. Default true. */
  acceptFallbackReplies?: boolean;
  /**
   * Called if no stored reply is reused, before the call is passed to the inner driver. If it rejects, no request is
   * sent.
   */
  beforeSend?: () => Promise<void>;
  /** The time limit for checking a stored reply with the `findMismatches` of a call, in milliseconds. */
  checkTimeoutMs?: number | undefined;
}

/**
 * Stores each complete reply before it is returned. If `canReuse` returns true, reuses the reply to an equal request of
 * an earlier run. A reused reply needs no request and no quota, and costs nothing. Replies that are truncated or may be
 * incomplete are returned but not stored. If `findMismatches` of the call finds a mismatch in a stored reply, the reply
 * is requested again. If a long reply is not valid JSON or not as expected, its stored hops are deleted.
 *
 * Create a new layer for each run. The rows of one run may share a layer if the context of each call says which row
 * sends the request: the layer numbers the equal requests of each row separately.
 */
export function withReplyCache(options: ReplyCacheOptions, inner: BoticelliDriver): BoticelliDriver {
  const identifyRequest = createRequestNumbering();
  return createLayer(inner, {
    async *call(request, context, send) {
      // Nothing is awaited before `identifyRequest`, which numbers an executor's equal requests in the order of calls.
      // Without an executor, equal requests get the same number until `advanceNumber` is called.
      const { id, advanceNumber } = identifyRequest(request, context);
      const cached = await findReusable(id, request, context, options);
      if (cached) {
        advanceNumber();
        yield { text: cached.text, finished: true, metadata: createFinalMetadata(cached), response: cached };
        return;
      }
      await options.beforeSend?.();
      try {
        for await (const chunk of send(request, { ...context, requestId: id })) {
          const { response } = chunk;
          if (response) {
            if (!response.reused && classifyFinishReason(response.finishReason) === 'whole')
              await options.cache.save(id, response);
            advanceNumber();
          }
          yield chunk;
        }
      } catch (thrown) {
        // The mistake may be in any hop. A run that reused the hops would repeat it, and fail in the same way.
        const areHopsUseless =
          thrown instanceof BoticelliError && ['invalid_reply', 'unexpected_reply'].includes(thrown.code);
        if (areHopsUseless) await options.cache.deleteHops(id);
        throw thrown;
      }
    },
  });
}

async function findReusable(
  id: RequestId,
  { model }: GenerateRequest,
  { emit, rowIdentity, position, signal, findMismatches }: CallContext,
  { cache, canReuse, acceptFallbackReplies = true, checkTimeoutMs: timeoutMs }: ReplyCacheOptions,
): Promise<GenerateResponse | undefined> {
  const isReusable = canReuse?.(rowIdentity, position?.index) ?? false;
  const stored = isReusable ? await cache.find(id, acceptFallbackReplies ? undefined : model) : undefined;
  if (!stored) return undefined;
  const mismatches = await findMismatches?.(stored.text, { signal, timeoutMs });
  if (mismatches?.length) {
    const message = `the stored reply is not as expected, so it is requested again: ${mismatches.join('; ')}`;
    return void emit?.({ type: 'note', about: 'reply', message });
  }
  const { wasSpoken, ...reply } = stored;
  const message = 'the stored reply has no audio: only the transcript of speech is stored';
  if (wasSpoken) emit?.({ type: 'note', about: 'reply', message });
  return { ...reply, reused: true };
}
