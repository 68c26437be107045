import fc from 'fast-check';
import type { StreamChunk } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createGeminiDriver } from '../../src/gemini/driver.js';
import { normalizeSseBody } from '../../src/gemini/rest/sse-stream.js';
import { createChunk, formatSseEvent, packetReply } from '../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { withHangTimeout } from './hang-timeout.js';

/** A change at a relative position from 0 to 1. For `delete` and `repeat`, only the length of `bytes` matters. */
type Damage = { kind: 'flip' | 'insert' | 'delete' | 'repeat'; at: number; bytes: Uint8Array };

const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('flip' as const, 'insert' as const, 'delete' as const, 'repeat' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fc
        .constantFrom('\n', '\n\n', '\r', 'data:', '\ndata: {}\n\n', '"error"', '\0', '\uFEFF', '{', '}', '[DONE]')
        .map(encodeText),
    ),
  }),
  { maxLength: 3 },
);

/** Pieces of text, numbered to distinguish them, with multibyte characters. */
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

/**
 * Checks `normalizeSseBody` with undamaged and damaged streams, which are cut into packets at any byte: `assertInOrder`
 * holds for the texts that are read, and all texts of an undamaged stream are read.
 */
export const sseBodyProperty = fc.asyncProperty(streams, async ({ texts, newline, damages, cuts }) => {
  const original = encodeText(buildStream(texts, newline));
  const sent = damages.reduce(applyDamage, original);
  const read = await withHangTimeout(() => readBody(splitAt(sent, cuts)));
  assertInOrder(read.texts, texts, damages);
  const isDamaged = damages.length > 0;
  if (!isDamaged && (read.texts.join('') !== texts.join('') || read.error))
    throw new Error(`an undamaged stream: ${formatReadResult(read)}`);
});

/** Checks the same with streams that the driver and the SDK read over HTTP. */
export const createSseHttpProperty = (server: GeminiServer) => {
  const driver = createGeminiDriver({ apiKey: 'key', baseUrl: server.url, idleTimeoutMs: 5000, timeoutMs: 5000 });
  return fc.asyncProperty(streams, async ({ texts, newline, damages, cuts }) => {
    const sent = damages.reduce(applyDamage, encodeText(buildStream(texts, newline)));
    server.queueReplies(packetReply(...splitAt(sent, cuts.slice(0, 3))));
    const read = await withHangTimeout(() => readChunks(driver.generateStream(request)));
    assertInOrder(read.texts, texts, damages);
    if (damages.length === 0 && (read.texts.join('') !== texts.join('') || read.error))
      throw new Error(`an undamaged stream: ${formatReadResult(read)}`);
  });
};

const request = {
  model: 'gemini-3.8-flash',
  turns: [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'x' }] }],
  parameters: {},
};

/** Runs work with a new server. */
export async function withServer(work: (server: GeminiServer) => Promise<void>): Promise<void> {
  const server = await startGeminiServer();
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

interface ReadResult {
  texts: string[];
  error?: BoticelliError;
}

async function readChunks(chunks: AsyncIterable<StreamChunk>): Promise<ReadResult> {
  const texts: string[] = [];
  try {
    for await (const { text } of chunks) if (text !== '') texts.push(text);
    return { texts };
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { texts, error: thrown };
    throw thrown;
  }
}

/** Reads the texts from the normalized body. Each event must be one line, because the SDK can read no others. */
async function readBody(sent: Uint8Array[]): Promise<ReadResult> {
  const reader = normalizeSseBody(toAsyncIterable(sent), createFakeExchange()).getReader();
  const decoder = new TextDecoder();
  const texts: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { texts };
      const events = decoder.decode(value).split('\n\n');
      if (events.pop() !== '') throw new Error('the body ended within an event');
      for (const event of events) {
        if (!/^data: \s*\{[^\n\r]*$/.test(event))
          throw new Error(`invalid event for the SDK: ${JSON.stringify(event)}`);
        texts.push(...extractText(event.slice('data: '.length)));
      }
    }
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { texts, error: thrown };
    throw thrown;
  }
}

/** Returns the text of an event, if it has one. Invalid JSON has none: the SDK, which is not used here, reports it. */
function extractText(json: string): string[] {
  try {
    const text: unknown = JSON.parse(json)?.candidates?.[0]?.content?.parts?.[0]?.text;
    return typeof text === 'string' ? [text] : [];
  } catch {
    return [];
  }
}

async function* toAsyncIterable(packets: Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const packet of packets) yield packet;
}

/** Creates an exchange with only what the reader of a body needs. */
function createFakeExchange(): Parameters<typeof normalizeSseBody>[1] {
  const noop = () => {};
  const { signal } = new AbortController();
  const timeouts = {
    signal,
    startDeadline: noop,
    markWaiting: noop,
    markReceived: noop,
    markComplete: noop,
    close: noop,
  };
  const classifyError = ({ body }: { body: string }) => new BoticelliError('unavailable', body);
  return {
    ...{
      timeouts,
      host: 'x',
      redact: (text) => text,
      resolveRoute: async () => undefined,
      streaming: true,
      classifyError,
    },
    ...{ beforeSending: async () => {}, getPartialText: () => '', lastEvents: [] },
    ...{ expectedName: 'a reply', isExpectedBody: () => true, maxBodyBytes: 64_000_000 },
  };
}

function buildStream(texts: string[], newline: string): string {
  return texts
    .map((text, index) => formatSseEvent(createChunk(text, index === texts.length - 1 ? 'STOP' : undefined), newline))
    .join('');
}

/** Checks that the texts come in order and none twice, unless a damage repeats bytes. Any text may be missing. */
function assertInOrder(read: string[], sent: string[], damages: Damage[]): void {
  const mayRepeat = damages.some(({ kind }) => kind === 'repeat');
  let last = -1;
  for (const text of read) {
    const index = sent.indexOf(text);
    // A damaged text is ignored.
    if (index < 0 && damages.length > 0) continue;
    if (index < 0 || (index <= last && !mayRepeat))
      throw new Error(`${JSON.stringify(text)} was not sent after the text with index ${last}`);
    last = index;
  }
}

function applyDamage(bytes: Uint8Array, { kind, at, bytes: damageBytes }: Damage): Uint8Array {
  const offset = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, offset), bytes.subarray(offset)];
  switch (kind) {
    case 'flip':
      return concatBytes(
        before,
        after.subarray(0, 1).map((byte) => byte ^ (damageBytes[0] || 1)),
        after.subarray(1),
      );
    case 'insert':
      return concatBytes(before, damageBytes, after);
    case 'delete':
      return concatBytes(before, after.subarray(damageBytes.length));
    case 'repeat':
      return concatBytes(before, bytes.subarray(Math.max(0, offset - damageBytes.length * 20), offset), after);
  }
}

function splitAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const offsets = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
}

function concatBytes(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function formatReadResult({ texts, error }: ReadResult): string {
  return `read ${JSON.stringify(texts.join(''))}, error: ${error?.message}`;
}
