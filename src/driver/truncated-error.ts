import { BoticelliError } from '../errors.js';
import type { GenerationParameters } from './request.js';
import type { GenerateResponse } from './response.js';

/**
 * Creates the error for a reply that reached max_tokens, for callers that need a complete reply.
 * @param hintEnd the end of the hint after "Raise max_tokens", with its punctuation
 */
export function createTruncatedError(
  { usage }: GenerateResponse,
  { maxTokens }: GenerationParameters,
  { hintEnd }: { hintEnd: string },
): BoticelliError {
  const currentLimit = maxTokens === undefined ? '' : ` (now ${maxTokens})`;
  const length = usage.outputTokens === undefined ? '' : ` after ${usage.outputTokens} tokens`;
  return new BoticelliError('truncated', `the reply was cut off by max_tokens${length}`, {
    hint: `Raise max_tokens${currentLimit}${hintEnd}`,
  });
}
