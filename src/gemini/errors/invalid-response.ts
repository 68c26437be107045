import { BoticelliError, StreamInterrupted } from '../../errors.js';
import type { Exchange } from '../rest/exchange.js';
import { describeForeignBody, oneLine } from './one-line.js';

/** A stream that ended before its reply was whole, with the text that had come. */
export function interrupted(
  reason: string,
  { partialText }: Pick<Exchange, 'partialText'>,
  cause?: Error,
): StreamInterrupted {
  return new StreamInterrupted(`the stream was interrupted: ${reason}`, {
    ...{ partialText: partialText(), cause },
    hint: 'Run it again: the pieces of two attempts are never joined.',
  });
}

/** A stream with an event whose JSON can't be read. */
export function malformedEvent(data: string, exchange: Exchange): StreamInterrupted {
  return interrupted(`an event is malformed: ${oneLine(exchange.redact(data), 80)}`, exchange);
}

/** A unary answer that did not come whole. */
export function brokenAnswer(reason: string, { host }: Exchange, cause?: Error): BoticelliError {
  return new BoticelliError('unavailable', `the answer of ${host} broke off: ${reason}`, {
    hint: 'Run it again.',
    ...{ passing: true, cause },
  });
}

/** A 200 whose body has nothing of Gemini's: a proxy's log-in page, say. */
export function foreignAnswer(body: string, { host, redact }: Exchange): BoticelliError {
  const what = describeForeignBody(redact(body));
  return new BoticelliError('unavailable', `${host} answered with ${what} instead of a reply`, {
    hint: wrongHost(host),
  });
}

/** What to do where something answers that is not Gemini. */
export function wrongHost(host: string): string {
  return `Check that ${host} is a Gemini service: the base URL may be wrong, or a proxy answers in its place.`;
}
