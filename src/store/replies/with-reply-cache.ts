import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import type { ReplyCache, StoredReply } from './reply-cache.js';
import { createRequestCounter, type RequestId } from './request-id.js';

/** Where answers are kept, and when one that is kept may stand in for a call. */
export interface ReplyCacheOptions {
  cache: ReplyCache;
  /** Asked before every call. Default: never; answers are kept all the same. */
  canReuse?: () => boolean;
  /** Whether a reply may be reused that another model gave in place of the one asked for. Default true. */
  acceptFallbackReplies?: boolean;
}

/**
 * Was this very request answered in an earlier run? Then no call at all: nothing below hears of it, no quota is used and
 * nothing is paid. Every whole reply that comes from below is kept before it is handed up, so before the next act is asked.
 * What was cut short is handed up and not kept. One instance serves one run, for it counts how often a request came.
 */
export function withReplyCache(options: ReplyCacheOptions, inner: BoticelliDriver): BoticelliDriver {
  const countRequest = createRequestCounter();
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const { id, markAnswered } = await countRequest(request);
      const response = (await findReusable(id, request, context, options)) ?? (await inner.generate(request, context));
      await saveIfComplete(id, request, response, options);
      markAnswered();
      return response;
    },

    async *generateStream(request, context = {}) {
      const { id, markAnswered } = await countRequest(request);
      const cached = await findReusable(id, request, context, options);
      if (cached) {
        markAnswered();
        const { text, finishReason, usage } = cached;
        const metadata = { tokensGenerated: usage.outputTokens, finishReason };
        yield { text, finished: true, metadata, response: cached };
        return;
      }
      for await (const chunk of inner.generateStream(request, context)) {
        if (chunk.response) {
          await saveIfComplete(id, request, chunk.response, options);
          markAnswered();
        }
        yield chunk;
      }
    },
  };
}

async function findReusable(
  id: RequestId,
  { model }: GenerateRequest,
  { emit }: CallContext,
  { cache, canReuse, acceptFallbackReplies = true }: ReplyCacheOptions,
): Promise<GenerateResponse | undefined> {
  if (!canReuse?.()) return undefined;
  const stored = await cache.find(id, acceptFallbackReplies ? undefined : model);
  return stored && toResponse(stored, emit);
}

function toResponse({ wasSpoken, ...reply }: StoredReply, emit: CallContext['emit']): GenerateResponse {
  const message = 'the reply was spoken when it was given: its words are kept, its sound is not';
  if (wasSpoken) emit?.({ type: 'note', about: 'reply', message });
  return { ...reply, reused: true };
}

async function saveIfComplete(
  id: RequestId,
  request: GenerateRequest,
  response: GenerateResponse,
  { cache }: ReplyCacheOptions,
): Promise<void> {
  if (!response.reused && isComplete(request, response)) await cache.save(id, response);
}

/** Whether the model came to its end. JSON that was found to be as it was asked for is whole whatever the model says. */
function isComplete({ parameters }: GenerateRequest, { finishReason, text }: GenerateResponse): boolean {
  return finishReason === 'STOP' || (parameters.format === 'json' && isJson(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
