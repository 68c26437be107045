import type { BoticelliError } from '../../errors.js';
import { createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import {
  createMalformedEventError,
  createNotGeminiResponseError,
  createStreamInterruptedError,
  createTooLargeResponseError,
} from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { getHttpStatus, type ServiceError } from '../errors/parse-error-body.js';
import { Headers } from '../transport/minimal-fetch.js';
import { findFinishMessage, type HttpExchange } from './exchange.js';
import { readPackets } from './request-timeouts.js';
import { createSseParser, type SseItem } from './sse-parser.js';

// The size of one read. Large reads are slow, because the SDK searches its whole buffer several times for every event.
// Small reads are slow too, because the SDK throws and catches an error for every read.
const maxReadChars = 4096;

/**
 * Rewrites the body of an event stream into what the SDK can read: only `data: {…}` lines, each followed by a
 * blank line. If the stream is invalid, all valid events before the error are read first, then reading fails with the
 * classified error.
 */
export function normalizeSseBody(body: AsyncIterable<Uint8Array>, exchange: HttpExchange): ReadableStream<Uint8Array> {
  const packets = readPackets(body, exchange.timeouts);
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const parser = createSseParser();
  // The next item is at the end, where it can be removed quickly.
  let reversedItems: SseItem[] = [];
  let isEnded = false;
  let totalBytes = 0;

  const readMore = async () => {
    while (!isEnded && reversedItems.length === 0) {
      const { done = false, value } = await packets.next().catch((thrown: unknown) => {
        const reason = `lost connection to ${exchange.host} (${describeNetworkError(thrown)})`;
        throw createStreamInterruptedError(reason, exchange.getPartialText(), createNetworkCause(thrown));
      });
      isEnded = done;
      totalBytes += value?.length ?? 0;
      if (totalBytes > exchange.maxBodyBytes) throw createTooLargeResponseError(exchange.host, exchange.maxBodyBytes);
      if (value) parser.feed(decoder.decode(value, { stream: true }));
      else parser.end();
      reversedItems = parser.takeItems().reverse();
    }
  };
  const enqueueItems = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const events = takeChunks(reversedItems);
    exchange.lastEvents = events;
    for (const event of events) exchange.finishMessage = findFinishMessage(event) ?? exchange.finishMessage;
    const nextItem = reversedItems.at(-1);
    if (events.length > 0) controller.enqueue(encoder.encode(`data: ${events.join('\n\ndata: ')}\n\n`));
    else if (nextItem && nextItem.type !== 'chunk') throw toStreamError(nextItem, exchange);
    else controller.close();
  };
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> =>
    reversedItems.length > 0 ? enqueueItems(controller) : readMore().then(() => enqueueItems(controller));
  // The stream does not read ahead, because a stream that fails discards its queue, which may contain text.
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Removes the next chunks, up to the size of one read or to an item that is not a chunk. Returns their JSON. */
function takeChunks(reversedItems: SseItem[]): string[] {
  const events: string[] = [];
  for (let length = 0; length < maxReadChars; ) {
    const next = reversedItems.at(-1);
    if (next?.type !== 'chunk') break;
    reversedItems.pop();
    events.push(next.json);
    length += next.json.length;
  }
  return events;
}

function toStreamError(item: Exclude<SseItem, { type: 'chunk' }>, exchange: HttpExchange): BoticelliError {
  switch (item.type) {
    case 'service-error':
      return classifyStreamError(item.error, exchange);
    case 'malformed':
      return createMalformedEventError(item.data, exchange);
    case 'cut':
      return createStreamInterruptedError('it ended in the middle of an event', exchange.getPartialText());
    case 'foreign':
      return createNotGeminiResponseError(item.text, exchange);
  }
}

function classifyStreamError(error: ServiceError, exchange: HttpExchange): BoticelliError {
  const status = getHttpStatus(error);
  // CANCELLED does not mean that the request was invalid: the service stopped its own stream (seen in the
  // streams of FirebaseExtended/vertexai-sdk-test-data).
  if (status === 499) {
    const message = toOneLine(exchange.redact(error.message));
    return createStreamInterruptedError(
      `the service cancelled it: 499 CANCELLED, "${message}"`,
      exchange.getPartialText(),
    );
  }
  return exchange.classifyError({
    ...{ status, headers: new Headers(), body: JSON.stringify({ error }), isStatusFromBody: true },
  });
}
