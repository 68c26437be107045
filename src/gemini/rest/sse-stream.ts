import type { BoticelliError } from '../../errors.js';
import { networkCause, networkReason } from '../errors/classify-network-error.js';
import { foreignAnswer, interrupted, malformedEvent } from '../errors/invalid-response.js';
import { oneLine } from '../errors/one-line.js';
import { httpStatusOf, type ServiceError } from '../errors/parse-error-body.js';
import { Headers } from '../transport/minimal-fetch.js';
import type { Exchange } from './exchange.js';
import { orAborted } from './request-timeouts.js';
import { readSse, type SseFinding } from './sse-parser.js';

// How much one read hands over. The SDK searches its whole buffer several times for every event in it, and throws and
// catches an error for every read: neither a packet's 300 events at once nor single ones are good to it.
const readLength = 4096;

/**
 * The body of an event stream as the SDK can read it: nothing but `data: {…}`, each with a blank line. Reading fails with
 * the classified error of whatever is wrong with the stream, after all that came before it.
 */
export function cleanedSseBody(body: AsyncIterable<Uint8Array>, exchange: Exchange): ReadableStream<Uint8Array> {
  const packets = body[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const sse = readSse();
  let findings: SseFinding[] = [];
  let ended = false;

  const readOn = async () => {
    while (!ended && findings.length === 0) {
      const packet = await nextPacket(packets, exchange);
      ended = packet === undefined;
      if (packet) sse.feed(decoder.decode(packet, { stream: true }));
      else sse.end();
      findings = sse.take().reverse();
    }
  };
  const handOver = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const events = takeEvents(findings);
    exchange.handedOver = events;
    const stopper = findings.at(-1);
    if (events.length > 0) controller.enqueue(encoder.encode(`data: ${events.join('\n\ndata: ')}\n\n`));
    else if (stopper && stopper.type !== 'chunk') throw errorOf(stopper, exchange);
    else controller.close();
  };
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> =>
    findings.length > 0 ? handOver(controller) : readOn().then(() => handOver(controller));
  // Nothing is read ahead: a stream that fails throws away what it has in its queue, and that would be text.
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Takes the next chunks off the end of a reversed list, up to a read's length or the first finding that is none. */
function takeEvents(findings: SseFinding[]): string[] {
  const events: string[] = [];
  for (let length = 0; length < readLength; ) {
    const next = findings.at(-1);
    if (next?.type !== 'chunk') break;
    findings.pop();
    events.push(next.json);
    length += next.json.length;
  }
  return events;
}

/** The next bytes, or undefined at the body's end. */
async function nextPacket(packets: AsyncIterator<Uint8Array>, exchange: Exchange): Promise<Uint8Array | undefined> {
  const { attempt, host } = exchange;
  attempt.waitsForBytes();
  try {
    const { done, value } = await orAborted(packets.next(), attempt.signal);
    if (done) {
      attempt.answerEnded();
      return undefined;
    }
    attempt.bytesCame();
    return value;
  } catch (thrown) {
    throw interrupted(`the connection to ${host} broke: ${networkReason(thrown)}`, exchange, networkCause(thrown));
  }
}

function errorOf(finding: Exclude<SseFinding, { type: 'chunk' }>, exchange: Exchange): BoticelliError {
  switch (finding.type) {
    case 'service-error':
      return errorInStream(finding.error, exchange);
    case 'malformed':
      return malformedEvent(finding.data, exchange);
    case 'cut':
      return interrupted('it ended in the middle of an event', exchange);
    case 'foreign':
      return foreignAnswer(finding.text, exchange);
  }
}

function errorInStream(error: ServiceError, exchange: Exchange): BoticelliError {
  const status = httpStatusOf(error);
  // CANCELLED is no verdict on the request: the service gave up on its own stream (recorded, see stray-lines.ts).
  if (status === 499) {
    const said = oneLine(exchange.redact(error.message));
    return interrupted(`the service broke it off: 499 CANCELLED, ${said}`, exchange);
  }
  return exchange.classify({ status, headers: new Headers(), body: JSON.stringify({ error }) });
}
