import type { GenerationParameters } from '../driver/request.js';
import type { GenerateResponse } from '../driver/response.js';
import { createTruncatedError } from '../driver/truncated-error.js';
import { BoticelliError } from '../errors.js';
import { classifyFinishReason } from '../facts/finish-reasons.js';

/**
 * Checks whether a reply is whole, by its finish reason. Returns a warning if it may be incomplete. A truncated reply
 * gets no warning here, because the finish reason in its `act-end` event says that it is truncated.
 * @throws BoticelliError with `strict`: `truncated` or `incomplete_reply`
 */
export function checkFinishReason(
  response: GenerateResponse,
  parameters: GenerationParameters,
  strict: boolean,
): string | undefined {
  const kind = classifyFinishReason(response.finishReason);
  if (kind === 'whole') return undefined;
  if (kind === 'truncated') {
    if (strict) throw createTruncatedError(response, parameters, { hintEnd: ', or run without --strict.' });
    return undefined;
  }
  const { finishReason, finishMessage } = response;
  const reason = finishReason.trim() === '' ? 'no finish reason' : finishReason;
  const explanation = finishMessage === undefined ? '' : ` (${finishMessage})`;
  const message = `the model stopped with ${reason}${explanation}: the reply may be incomplete`;
  if (!strict) return message;
  throw new BoticelliError('incomplete_reply', message, {
    hint: 'Try again, or run without --strict to accept the reply with a warning.',
  });
}
