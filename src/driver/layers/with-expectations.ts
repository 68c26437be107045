import { BoticelliError } from '../../errors.js';
import { classifyFinishReason } from '../../facts/finish-reasons.js';
import type { BoticelliDriver } from '../driver.js';
import type { UserTurn } from '../request.js';
import type { GenerateResponse } from '../response.js';
import { createLayer } from './create-layer.js';
import { sendWithRepeat } from './repeat-once.js';

/** The options of `withExpectations`. */
export interface ExpectationOptions {
  /** The time limit of the check of one reply, in milliseconds. Default: the check's own limit. */
  checkTimeoutMs?: number | undefined;
  /**
   * Whether a reply that is not as expected is requested once more. False for the replay of a recording. Default true.
   */
  canRepeat?: boolean;
}

/**
 * Checks replies with the `findMismatches` of the call's context. After a reply that is not as expected, the request is
 * sent once more, together with that reply and the mismatches, and a `retry` event is emitted. The usage of both
 * replies is added up. If the call fails, the usage is reported in `spent` events. `generateStream` yields a checked
 * reply in one piece. Calls without a check pass through unchanged.
 *
 * @throws BoticelliError `unexpected_reply` if the second reply is not as expected either, or, without `canRepeat`, if
 *   the first one is not
 */
export function withExpectations(options: ExpectationOptions, inner: BoticelliDriver): BoticelliDriver {
  const { checkTimeoutMs, canRepeat = true } = options;
  return createLayer(inner, {
    async *call(request, context, send) {
      const { findMismatches, signal } = context;
      if (!findMismatches) return yield* send(request, context);
      const findProblem = async (response: GenerateResponse) => {
        const mismatches = await findMismatches(response.text, { signal, timeoutMs: checkTimeoutMs });
        if (mismatches.length === 0) return undefined;
        const problem = mismatches.join('; ');
        if (!canRepeat) throw createUnexpectedReplyError(problem, response);
        return problem;
      };
      const check = { findProblem, createError: createUnexpectedReplyError, createRepairTurn };
      yield* sendWithRepeat(request, context, check, send);
    },
  });
}

function createRepairTurn(problem: string): UserTurn {
  const text = `Your reply is not as expected: ${problem}.\nWrite the whole reply again, and nothing else.`;
  return { role: 'user', parts: [{ type: 'text', text }] };
}

function createUnexpectedReplyError(problem: string, { finishReason }: GenerateResponse): BoticelliError {
  const isTruncated = classifyFinishReason(finishReason) === 'truncated';
  return new BoticelliError('unexpected_reply', `the reply is not as expected: ${problem}`, {
    hint: isTruncated
      ? 'The reply was cut short: raise max_tokens, or ask for less.'
      : 'Say in the prompt what "expect" requires, or change "expect".',
  });
}
