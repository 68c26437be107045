import type { BoticelliError } from '../../errors.js';
import { abortable } from '../../util/abortable.js';
import { createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import {
  createMalformedEventError,
  createNotGeminiResponseError,
  createStreamInterruptedError,
} from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { getHttpStatus, type ServiceError } from '../errors/parse-error-body.js';
import { Headers } from '../transport/minimal-fetch.js';
import type { HttpExchange } from './exchange.js';
import { createSseParser, type SseItem } from './sse-parser.js';

// How much one read hands over. The SDK searches its whole buffer several times for every event in it, and throws and
// catches an error for every read: neither a packet's 300 events at once nor single ones are good to it.
const maxReadChars = 4096;

/**
 * The body of an event stream as the SDK can read it: nothing but `data: {…}`, each with a blank line. Reading fails with
 * the classified error of whatever is wrong with the stream, after all that came before it.
 */
export function normalizeSseBody(body: AsyncIterable<Uint8Array>, exchange: HttpExchange): ReadableStream<Uint8Array> {
  const packets = body[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const parser = createSseParser();
  let items: SseItem[] = [];
  let isEnded = false;

  const readMore = async () => {
    while (!isEnded && items.length === 0) {
      const packet = await readPacket(packets, exchange);
      isEnded = packet === undefined;
      if (packet) parser.feed(decoder.decode(packet, { stream: true }));
      else parser.end();
      items = parser.takeItems().reverse();
    }
  };
  const enqueueItems = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const events = takeChunks(items);
    exchange.lastEvents = events;
    const failure = items.at(-1);
    if (events.length > 0) controller.enqueue(encoder.encode(`data: ${events.join('\n\ndata: ')}\n\n`));
    else if (failure && failure.type !== 'chunk') throw toStreamError(failure, exchange);
    else controller.close();
  };
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> =>
    items.length > 0 ? enqueueItems(controller) : readMore().then(() => enqueueItems(controller));
  // Nothing is read ahead: a stream that fails throws away what it has in its queue, and that would be text.
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Takes the next chunks off the end of a reversed list, up to a read's length or the first finding that is none. */
function takeChunks(items: SseItem[]): string[] {
  const events: string[] = [];
  for (let length = 0; length < maxReadChars; ) {
    const next = items.at(-1);
    if (next?.type !== 'chunk') break;
    items.pop();
    events.push(next.json);
    length += next.json.length;
  }
  return events;
}

/** The next bytes, or undefined at the body's end. */
async function readPacket(packets: AsyncIterator<Uint8Array>, exchange: HttpExchange): Promise<Uint8Array | undefined> {
  const { timeouts, host } = exchange;
  timeouts.markWaiting();
  try {
    const { done, value } = await abortable(packets.next(), timeouts.signal);
    if (done) {
      timeouts.markComplete();
      return undefined;
    }
    timeouts.markReceived();
    return value;
  } catch (thrown) {
    throw createStreamInterruptedError(
      `the connection to ${host} broke: ${describeNetworkError(thrown)}`,
      exchange,
      createNetworkCause(thrown),
    );
  }
}

function toStreamError(item: Exclude<SseItem, { type: 'chunk' }>, exchange: HttpExchange): BoticelliError {
  switch (item.type) {
    case 'service-error':
      return classifyStreamError(item.error, exchange);
    case 'malformed':
      return createMalformedEventError(item.data, exchange);
    case 'cut':
      return createStreamInterruptedError('it ended in the middle of an event', exchange);
    case 'foreign':
      return createNotGeminiResponseError(item.text, exchange);
  }
}

function classifyStreamError(error: ServiceError, exchange: HttpExchange): BoticelliError {
  const status = getHttpStatus(error);
  // CANCELLED is no verdict on the request: the service gave up on its own stream (recorded, see stray-lines.ts).
  if (status === 499) {
    const message = toOneLine(exchange.redact(error.message));
    return createStreamInterruptedError(`the service broke it off: 499 CANCELLED, ${message}`, exchange);
  }
  return exchange.classifyError({ status, headers: new Headers(), body: JSON.stringify({ error }) });
}
