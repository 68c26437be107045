import fc from 'fast-check';
import type { StreamChunk } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createGeminiDriver } from '../../src/gemini/driver.js';
import { cleanedSseBody } from '../../src/gemini/rest/sse-stream.js';
import { chunkOf, packets, sseEvent } from '../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { inTime } from './in-time.js';

/** A way to damage bytes: at a place between 0 and 1. */
type Damage = { kind: 'flip' | 'insert' | 'delete' | 'repeat'; at: number; bytes: Uint8Array };

const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('flip' as const, 'insert' as const, 'delete' as const, 'repeat' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fc
        .constantFrom('\n', '\n\n', '\r', 'data:', '\ndata: {}\n\n', '"error"', '\0', '\uFEFF', '{', '}', '[DONE]')
        .map(bytesOf),
    ),
  }),
  { maxLength: 3 },
);

/** Pieces of text, each told apart from all others by its number, with characters that take several bytes. */
const texts = fc
  .array(fc.string({ unit: fc.constantFrom('a', 'ß', '☀', '🎬', ' ', '"', '\\', '\n', '{', 'data:'), maxLength: 8 }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((fillings) => fillings.map((filling, index) => `<${index}:${filling}>`));

const streams = fc.record({
  texts,
  newline: fc.constantFrom('\n', '\r\n', '\r'),
  damages,
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 8 }),
});

/** Streams as they were sent, whole or damaged, cut into packets anywhere, straight into the reader of bodies. */
export const sseBodies = fc.asyncProperty(streams, async ({ texts, newline, damages, cuts }) => {
  const whole = bytesOf(streamOf(texts, newline));
  const sent = damages.reduce(damaged, whole);
  const read = await inTime(() => readBody(splitAt(sent, cuts)));
  assertInOrder(read.texts, texts, damages);
  const isHurt = damages.length > 0;
  if (!isHurt && (read.texts.join('') !== texts.join('') || read.error))
    throw new Error(`a whole stream: ${told(read)}`);
});

/** The same over HTTP, through the driver and the SDK. */
export const sseOverHttp = (server: GeminiServer) => {
  const driver = createGeminiDriver({ apiKey: 'key', baseUrl: server.url, idleTimeoutMs: 5000, timeoutMs: 5000 });
  return fc.asyncProperty(streams, async ({ texts, newline, damages, cuts }) => {
    const sent = damages.reduce(damaged, bytesOf(streamOf(texts, newline)));
    server.reply(packets(...splitAt(sent, cuts.slice(0, 3))));
    const read = await inTime(() => readChunks(driver.generateStream(request)));
    assertInOrder(read.texts, texts, damages);
    if (damages.length === 0 && (read.texts.join('') !== texts.join('') || read.error)) throw new Error(told(read));
  });
};

const request = {
  model: 'gemini-3.8-flash',
  turns: [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'x' }] }],
  parameters: {},
};

/** Runs a property of streams over HTTP with a server of its own. */
export async function withServer(use: (server: GeminiServer) => Promise<void>): Promise<void> {
  const server = await startGeminiServer();
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

interface Read {
  texts: string[];
  error?: BoticelliError;
}

async function readChunks(chunks: AsyncIterable<StreamChunk>): Promise<Read> {
  const texts: string[] = [];
  try {
    for await (const { text } of chunks) if (text !== '') texts.push(text);
    return { texts };
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { texts, error: thrown };
    throw thrown;
  }
}

/** What the SDK would be handed, as texts: it must be readable in the SDK's simple way, an event a block. */
async function readBody(sent: Uint8Array[]): Promise<Read> {
  const reader = cleanedSseBody(from(sent), exchange()).getReader();
  const decoder = new TextDecoder();
  const texts: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { texts };
      const events = decoder.decode(value).split('\n\n');
      if (events.pop() !== '') throw new Error('an event without its end was handed over');
      for (const event of events) {
        if (!/^data: \s*\{[^\n\r]*$/.test(event)) throw new Error(`the SDK was handed ${JSON.stringify(event)}`);
        texts.push(...textOf(event.slice('data: '.length)));
      }
    }
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { texts, error: thrown };
    throw thrown;
  }
}

/** The text of an event; none where its JSON is broken, of which the SDK tells the driver. */
function textOf(json: string): string[] {
  try {
    const text: unknown = JSON.parse(json)?.candidates?.[0]?.content?.parts?.[0]?.text;
    return typeof text === 'string' ? [text] : [];
  } catch {
    return [];
  }
}

async function* from(packets: Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const packet of packets) yield packet;
}

/** An exchange with nobody: only what the reader of a body asks it. */
function exchange(): Parameters<typeof cleanedSseBody>[1] {
  const none = () => {};
  const { signal } = new AbortController();
  const attempt = { signal, sent: none, waitsForBytes: none, bytesCame: none, answerEnded: none, close: none };
  const classify = ({ body }: { body: string }) => new BoticelliError('unavailable', body);
  return {
    ...{ attempt, host: 'x', redact: (text) => text, routeTo: async () => undefined, streaming: true, classify },
    ...{ beforeSending: async () => {}, partialText: () => '', handedOver: [] },
  };
}

function streamOf(texts: string[], newline: string): string {
  return texts
    .map((text, at) => sseEvent(chunkOf(text, at === texts.length - 1 ? 'STOP' : undefined), newline))
    .join('');
}

/** No text before one that was sent before it, nor one that was not repeated twice. What was damaged may be missing. */
function assertInOrder(read: string[], sent: string[], damages: Damage[]): void {
  const repeats = damages.some(({ kind }) => kind === 'repeat');
  let last = -1;
  for (const text of read) {
    const at = sent.indexOf(text);
    // A damaged text is nobody's: it counts for nothing.
    if (at < 0 && damages.length > 0) continue;
    if (at < 0 || (at <= last && !repeats)) throw new Error(`${JSON.stringify(text)} came after number ${last}`);
    last = at;
  }
}

function damaged(bytes: Uint8Array, { kind, at, bytes: some }: Damage): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'flip':
      return joined(
        before,
        after.subarray(0, 1).map((byte) => byte ^ (some[0] || 1)),
        after.subarray(1),
      );
    case 'insert':
      return joined(before, some, after);
    case 'delete':
      return joined(before, after.subarray(some.length));
    case 'repeat':
      return joined(before, bytes.subarray(Math.max(0, place - some.length * 20), place), after);
  }
}

function splitAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function told({ texts, error }: Read): string {
  return `came as ${JSON.stringify(texts.join(''))}, ${error?.message}`;
}
