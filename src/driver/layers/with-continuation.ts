import { BoticelliError } from '../../errors.js';
import { continuesInNextHop, getNewContinuationToken } from '../continuation.js';
import { addUsageAndCost, type BilledUsage } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import { createUnfinishedStreamError } from '../final-response.js';
import { assertReplyLength } from '../reply-limit.js';
import type { FinishedHop, GenerateRequest } from '../request.js';
import type { GenerateResponse, StreamChunk, Usage } from '../response.js';
import { joinToolUse } from '../tool-use.js';
import { createLayer, type SendInner } from './create-layer.js';
import { reportUsage } from './usage-events.js';

/**
 * The longest reply has 1,048,576 tokens, the context window of Gemini 4. Without a stream, a hop has up to 32,768
 * tokens, so this reply takes 32 hops. The limit is twice that number.
 */
const maxHops = 64;

/**
 * Continues a reply that is longer than one request may return: sends the request again with the continuation token of
 * the last hop until the reply ends, and joins the parts. Emits a `hop` event between two hops. The text of each hop is
 * yielded as it arrives. A `retry` event that discards text in a later hop has `keepChars`, because a failed attempt
 * discards only the text of its own hop. The response has the sum of the usage and cost of all hops that were not
 * reused. If the call fails after a hop, the usage of the finished hops is reported in `spent` events.
 *
 * @throws BoticelliError `unavailable` if the service sends no new continuation token, if the reply does not end within
 *   64 hops, or if it is longer than `maxReplyChars`
 */
export function withContinuation(inner: BoticelliDriver): BoticelliDriver {
  return createLayer(inner, {
    async *call(request, context, send) {
      const responses: GenerateResponse[] = [];
      try {
        for (let current = request; ; ) {
          const { text, metadata, response } = yield* sendHop(current, responses, context, send);
          responses.push(response);
          assertReplyLength(responses.reduce((sum, { text }) => sum + text.length, 0));
          if (!continuesInNextHop(response.finishReason)) {
            yield { text, finished: true, metadata, response: joinResponses(responses) };
            return;
          }
          const { finishReason: _, ...unfinishedMetadata } = metadata;
          if (text !== '') yield { text, finished: false, metadata: unfinishedMetadata };
          current = createNextRequest(current, responses);
          reportHop(response, responses.length, context);
          context.signal?.throwIfAborted();
        }
      } catch (thrown) {
        for (const response of responses) reportUsage(context, response);
        throw responses.at(-1)?.reused ? explainStaleToken(thrown) : thrown;
      }
    },
  });
}

/**
 * Sends one hop. Yields its chunks except the last one, which it returns.
 * @param earlier the responses of the hops before it
 */
async function* sendHop(
  request: GenerateRequest,
  earlier: readonly GenerateResponse[],
  context: CallContext,
  send: SendInner,
): AsyncGenerator<StreamChunk, StreamChunk & { response: GenerateResponse }> {
  const keepChars = earlier.reduce((sum, { text }) => sum + text.length, 0);
  const tokensBefore = earlier.reduce((sum, { usage }) => sum + (usage.outputTokens ?? 0), 0);
  const emit: CallContext['emit'] = (event) =>
    context.emit?.(event.type === 'retry' && event.discard && keepChars > 0 ? { ...event, keepChars } : event);
  for await (const { response, metadata: hopMetadata, ...chunk } of send(request, { ...context, emit })) {
    const { tokensGenerated } = hopMetadata;
    const metadata = {
      ...hopMetadata,
      ...(tokensGenerated !== undefined && { tokensGenerated: tokensBefore + tokensGenerated }),
    };
    if (response) return { ...chunk, metadata, response };
    yield { ...chunk, metadata };
  }
  throw createUnfinishedStreamError(request.model);
}

/**
 * Creates the request for the next hop. The request goes to the model of the last hop, which may be a fallback model.
 * @throws BoticelliError `unavailable` if the reply can't be continued
 */
function createNextRequest(request: GenerateRequest, responses: readonly GenerateResponse[]): GenerateRequest {
  const { finishedHops = [] } = request;
  const response = responses.at(-1) as GenerateResponse;
  const { turn, usage, continuationToken } = response;
  const token = getNewContinuationToken(request, response);
  if (token === undefined) {
    const problem = continuationToken === undefined ? 'no token' : 'the token of an earlier part';
    throw createUncontinuedError(`the service sent ${problem} to continue the reply after part ${responses.length}`);
  }
  if (responses.length >= maxHops) throw createUncontinuedError(`the reply did not end within ${maxHops} parts`);
  const hop: FinishedHop = { token, turn, outputTokens: countOutputTokens(usage) };
  return { ...request, model: turn.model, finishedHops: [...finishedHops, hop] };
}

function createUncontinuedError(message: string): BoticelliError {
  return new BoticelliError('unavailable', message, {
    hint: 'This is a fault of the service. Try again later, or ask for a shorter reply.',
  });
}

/**
 * Adds up output and thought tokens, because `max_tokens` and the limit of one request include both. An unknown count
 * is taken as 0. The tokens that `max_tokens` leaves for later hops, and so the estimated cost of these hops, are then
 * too high rather than too low.
 */
function countOutputTokens({ outputTokens = 0, thoughtTokens = 0 }: Usage): number {
  return outputTokens + thoughtTokens;
}

function reportHop({ usage, reused = false }: GenerateResponse, part: number, { emit }: CallContext): void {
  const tokens = countOutputTokens(usage);
  const length = tokens > 0 ? ` after ${tokens.toLocaleString('en-US')} tokens` : '';
  const message = reused
    ? `part ${part} of the reply is reused from an earlier run (no request, no cost)`
    : `part ${part} of the reply ended${length}, at the limit of one request; requesting part ${part + 1}`;
  emit?.({ type: 'hop', part, message, reused });
}

/** Joins the responses of all hops. The turn of the last response already contains all hops. */
function joinResponses(responses: readonly GenerateResponse[]): GenerateResponse {
  const last = responses.at(-1) as GenerateResponse;
  const billed = responses.filter(({ reused }) => !reused);
  const joined = { text: joinTexts(responses), ...joinToolUse(responses) };
  if (responses.length === 1 || billed.length === 0) return { ...last, ...joined };
  // If `costUsd` stayed, a total of unknown cost would have the cost of the last response alone.
  const { costUsd: _, reused: __, ...reply } = last;
  const total = billed.reduce<BilledUsage | undefined>((sum, next) => addUsageAndCost(sum, next), undefined);
  return { ...reply, ...total, ...joined };
}

function joinTexts(responses: readonly GenerateResponse[]): string {
  return responses.map(({ text }) => text).join('');
}

/**
 * Adds a hint to the error of a request with a stored continuation token, which may be too old for the service.
 * Resuming the run again would not help, because it would send the same token.
 */
function explainStaleToken(thrown: unknown): unknown {
  if (!(thrown instanceof BoticelliError) || thrown.code !== 'invalid_request') return thrown;
  return new BoticelliError(thrown.code, thrown.message, {
    hint: 'The stored parts of the reply may be too old to continue. To request the reply again, add --from with this act.',
    cause: thrown,
  });
}
