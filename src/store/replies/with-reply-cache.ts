import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import type { Answers, Asked, KeptReply } from './reply-cache.js';
import { countedRequests } from './request-counter.js';

/** Where answers are kept, and when one that is kept may stand in for a call. */
export interface AnsweredOptions {
  answers: Answers;
  /** Asked before every call. Default: never; answers are kept all the same. */
  mayReuse?: () => boolean;
  /** Whether a reply may be reused that another model gave in place of the one asked for. Default true. */
  takesFallback?: boolean;
}

/**
 * Was this very request answered in an earlier run? Then no call at all: nothing below hears of it, no quota is used and
 * nothing is paid. Every whole reply that comes from below is kept before it is handed up, so before the next act is asked.
 * What was cut short is handed up and not kept. One instance serves one run, for it counts how often a request came.
 */
export function answered(options: AnsweredOptions, inner: BoticelliDriver): BoticelliDriver {
  const next = countedRequests();
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const { asked, came } = await next(request);
      const response = (await reusable(asked, request, context, options)) ?? (await inner.generate(request, context));
      await keepIfWhole(asked, request, response, options);
      came();
      return response;
    },

    async *generateStream(request, context = {}) {
      const { asked, came } = await next(request);
      const reused = await reusable(asked, request, context, options);
      if (reused) {
        came();
        const { text, finishReason, usage } = reused;
        const metadata = { tokensGenerated: usage.outputTokens, finishReason };
        yield { text, finished: true, metadata, response: reused };
        return;
      }
      for await (const chunk of inner.generateStream(request, context)) {
        if (chunk.response) {
          await keepIfWhole(asked, request, chunk.response, options);
          came();
        }
        yield chunk;
      }
    },
  };
}

async function reusable(
  asked: Asked,
  { model }: GenerateRequest,
  { emit }: CallContext,
  { answers, mayReuse, takesFallback = true }: AnsweredOptions,
): Promise<GenerateResponse | undefined> {
  if (!mayReuse?.()) return undefined;
  const kept = await answers.find(asked, takesFallback ? undefined : model);
  return kept && replyOf(kept, emit);
}

function replyOf({ wasSpoken, ...reply }: KeptReply, emit: CallContext['emit']): GenerateResponse {
  const message = 'the reply was spoken when it was given: its words are kept, its sound is not';
  if (wasSpoken) emit?.({ type: 'note', about: 'reply', message });
  return { ...reply, reused: true };
}

async function keepIfWhole(
  asked: Asked,
  request: GenerateRequest,
  response: GenerateResponse,
  { answers }: AnsweredOptions,
): Promise<void> {
  if (!response.reused && isWhole(request, response)) await answers.keep(asked, response);
}

/** Whether the model came to its end. JSON that was found to be as it was asked for is whole whatever the model says. */
function isWhole({ parameters }: GenerateRequest, { finishReason, text }: GenerateResponse): boolean {
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
