import { BoticelliError, StreamInterrupted } from '../../errors.js';
import type { Redact } from '../api-key.js';
import { describeUnexpectedBody } from './describe-body.js';
import { toOneLine } from './one-line.js';

/** What the errors about an invalid response need to know about its request. */
export interface ResponseContext {
  /** `host:port`, the only part of the URL that messages show. */
  host: string;
  redact: Redact;
  /** What the request asks for, such as `a reply`. */
  expectedName: string;
  /** The reply's text so far. */
  getPartialText(): string;
}

/** For a stream that ended before the reply was complete. */
export function createStreamInterruptedError(reason: string, partialText: string, cause?: Error): StreamInterrupted {
  return new StreamInterrupted(`the stream was interrupted: ${reason}`, {
    ...{ partialText, cause },
    hint: 'Try again. Parts of two attempts are never joined into one reply.',
  });
}

/** For an event of a stream that is not valid JSON. */
export function createMalformedEventError(
  data: string,
  { redact, getPartialText }: ResponseContext,
): StreamInterrupted {
  return createStreamInterruptedError(`malformed event: ${toOneLine(redact(data), 80)}`, getPartialText());
}

/** For a unary response whose body is incomplete. */
export function createIncompleteResponseError(reason: string, host: string, cause?: Error): BoticelliError {
  return new BoticelliError('unavailable', `incomplete response from ${host}: ${reason}`, {
    hint: 'Try again.',
    ...{ isTransient: true, cause },
  });
}

/** For a response that is larger than its limit. Not transient, because the next response would be as large. */
export function createTooLargeResponseError(host: string, maxBytes: number): BoticelliError {
  const message = `the response from ${host} is larger than ${maxBytes / 1_000_000} MB, so the rest was not read`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
}

/** For a response whose JSON would take too much memory. */
export function createTooManyValuesError(host: string): BoticelliError {
  const message = `the response from ${host} has more than a million values`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
}

/** How much of a body is examined. The beginning shows what kind of server answered, for example by a page's title. */
const maxDescribedChars = 1_000_000;

/** For a 200 response that is not Gemini's, for example the login page of a proxy. */
export function createNotGeminiResponseError(
  body: string,
  { host, redact, expectedName }: ResponseContext,
): BoticelliError {
  const described = describeUnexpectedBody(redact(body.slice(0, maxDescribedChars)));
  // A quotation after a comma, as in `a web page, "Log in"`, ends with a comma too.
  const comma = /^[^"]+, "/.test(described) ? ',' : '';
  const message = `${host} answered with ${described}${comma} instead of ${expectedName}`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
}

/** The hint for a response that does not come from Gemini. */
export function getWrongHostHint(host: string): string {
  return `Check that ${host} is a Gemini service: the base URL may be wrong, or a proxy may have answered.`;
}
