import { BoticelliError, StreamInterrupted } from '../../errors.js';
import type { HttpExchange } from '../rest/exchange.js';
import { describeUnexpectedBody, toOneLine } from './one-line.js';

/** A stream that ended before its reply was whole, with the text that had come. */
export function createStreamInterruptedError(
  reason: string,
  { partialText }: Pick<HttpExchange, 'partialText'>,
  cause?: Error,
): StreamInterrupted {
  return new StreamInterrupted(`the stream was interrupted: ${reason}`, {
    ...{ partialText: partialText(), cause },
    hint: 'Run it again: the pieces of two attempts are never joined.',
  });
}

/** A stream with an event whose JSON can't be read. */
export function createMalformedEventError(data: string, exchange: HttpExchange): StreamInterrupted {
  return createStreamInterruptedError(`an event is malformed: ${toOneLine(exchange.redact(data), 80)}`, exchange);
}

/** A unary answer that did not come whole. */
export function createIncompleteResponseError(reason: string, { host }: HttpExchange, cause?: Error): BoticelliError {
  return new BoticelliError('unavailable', `the answer of ${host} broke off: ${reason}`, {
    hint: 'Run it again.',
    ...{ isTransient: true, cause },
  });
}

/** A 200 whose body has nothing of Gemini's: a proxy's log-in page, say. */
export function createNotGeminiResponseError(body: string, { host, redact }: HttpExchange): BoticelliError {
  const description = describeUnexpectedBody(redact(body));
  return new BoticelliError('unavailable', `${host} answered with ${description} instead of a reply`, {
    hint: getWrongHostHint(host),
  });
}

/** What to do where something answers that is not Gemini. */
export function getWrongHostHint(host: string): string {
  return `Check that ${host} is a Gemini service: the base URL may be wrong, or a proxy answers in its place.`;
}
