import { BoticelliError } from '../errors.js';

/**
 * The maximum length of a reply's text, in characters. The longest reply that `withContinuation` accepts, 64 hops of
 * 65,536 tokens with four characters each, has 17 million. A text is in memory several times until it is stored: a text
 * of 60 million characters took 760 MB (2026-11).
 */
export const maxReplyChars = 20_000_000;

/**
 * Checks the length of a reply's text, in characters, against `maxReplyChars`.
 *
 * @throws BoticelliError `unavailable` if the text is longer
 */
export function assertReplyLength(chars: number): void {
  if (chars <= maxReplyChars) return;
  throw new BoticelliError('unavailable', `the reply has more than ${maxReplyChars / 1_000_000} million characters`, {
    hint: 'No Gemini model writes that much. Check that the base URL is that of a Gemini service.',
  });
}
