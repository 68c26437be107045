import { type BoticelliError, toErrorReport } from '../../errors.js';
import { addUsageAndCost } from '../cost.js';
import type { CallContext } from '../driver.js';
import type { DriverEvent } from '../driver-events.js';
import { readFinalResponse } from '../final-response.js';
import type { GenerateRequest, UserTurn } from '../request.js';
import type { GenerateResponse, StreamChunk } from '../response.js';
import { joinToolUse } from '../tool-use.js';
import type { SendInner } from './create-layer.js';
import { reportUsage } from './usage-events.js';

/** How replies are checked, and how a second one is requested. */
export interface ReplyCheck {
  /** Changes each reply before it is checked. Default: it stays as it is. */
  normalize?: (response: GenerateResponse) => GenerateResponse;
  /** Resolves to what is wrong with a reply, or to undefined. Rejects if a second reply would not help. */
  findProblem: (response: GenerateResponse) => Promise<string | undefined>;
  /**
   * Creates the error for a reply with a problem. The error for the first reply is reported in the `retry` event. The
   * error for the second reply is thrown.
   */
  createError: (problem: string, response: GenerateResponse) => BoticelliError;
  /** Creates the prompt that follows the first reply. */
  createRepairTurn: (problem: string) => UserTurn;
}

/**
 * Requests a reply, and checks it. After a reply with a problem, sends the request once more, together with that reply
 * and a description of the problem, and emits a `retry` event. The usage of both replies is added up. If the call
 * fails, the usage is reported in `spent` events. Yields no text before the reply has passed the check, and then the
 * whole text in one chunk.
 */
export async function* sendWithRepeat(
  request: GenerateRequest,
  context: CallContext,
  check: ReplyCheck,
  send: SendInner,
): AsyncGenerator<StreamChunk> {
  const response = await generateChecked(request, context, check, send);
  const { text, finishReason, usage } = response;
  const metadata = usage.outputTokens === undefined ? {} : { tokensGenerated: usage.outputTokens };
  yield { text, finished: false, metadata };
  yield { text: '', finished: true, metadata: { ...metadata, finishReason }, response };
}

async function generateChecked(
  request: GenerateRequest,
  context: CallContext,
  { normalize = (response) => response, findProblem, createError, createRepairTurn }: ReplyCheck,
  send: SendInner,
): Promise<GenerateResponse> {
  const innerContext = createInnerContext(context);
  const generate = async (current: GenerateRequest) =>
    normalize(await readFinalResponse(send(current, innerContext), current.model));
  const first = await generate(request);
  try {
    const problem = await findProblem(first);
    if (problem === undefined) return first;
    context.signal?.throwIfAborted();
    const error = toErrorReport(createError(problem, first));
    innerContext.emit({ type: 'retry', attempt: 1, delayMs: 0, error, discard: false });
    // The first reply and the repair prompt are part of this request only. Later acts see only the second reply.
    const second = await generate({ ...request, turns: [...request.turns, first.turn, createRepairTurn(problem)] });
    try {
      const secondProblem = await findProblem(second);
      if (secondProblem !== undefined) throw createError(secondProblem, second);
      // If `costUsd` stayed, a sum of unknown cost would have the cost of the second reply alone.
      const { costUsd: _, ...reply } = second;
      // The second reply is based on what the tools found for the first, so the tool use of both is kept.
      return { ...reply, ...addUsageAndCost(first, second), ...joinToolUse([first, second]) };
    } catch (thrown) {
      reportUsage(innerContext, second);
      throw thrown;
    }
  } catch (thrown) {
    reportUsage(innerContext, first);
    throw thrown;
  }
}

/**
 * Creates the context for the inner driver. The inner stream is collected before anything is passed on. So the inner
 * driver may always retry and discard its text, and the `retry` events tell the caller that there is nothing to
 * discard. `emit` replaces the `attempt` of each `retry` event, so that the attempts of both requests are counted
 * together.
 */
function createInnerContext(context: CallContext): CallContext & { emit: (event: DriverEvent) => void } {
  let failedAttempts = 0;
  const emit = (event: DriverEvent) => {
    if (event.type !== 'retry') return context.emit?.(event);
    failedAttempts += 1;
    const { keepChars: _, ...retry } = event;
    context.emit?.({ ...retry, attempt: failedAttempts, discard: false });
  };
  return { ...context, emit, canDiscard: () => true };
}
