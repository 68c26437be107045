import { expect, test } from 'vitest';
import type { BoticelliDriver } from '../../../src/driver/driver.js';
import { createLayer, type Layer } from '../../../src/driver/layers/create-layer.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import type { StreamChunk } from '../../../src/driver/response.js';
import { createScriptedDriver } from '../../helpers/scripted-driver.js';

const request: GenerateRequest = { model: 'm', turns: [], parameters: {} };

/** Sends the request to the model `n`, and converts the text of the reply to upper case. */
const upperCase: Layer['call'] = async function* (current, context, send) {
  for await (const { text, response, ...chunk } of send({ ...current, model: 'n' }, context)) {
    const upper = response && { ...response, text: response.text.toUpperCase() };
    yield { ...chunk, text: text.toUpperCase(), ...(upper && { response: upper }) };
  }
};

async function collectChunks(chunks: AsyncIterable<StreamChunk>): Promise<StreamChunk[]> {
  const collected: StreamChunk[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

test("generate and generateStream both run the layer's `call`, and each sends with the inner driver's method of the same name", async () => {
  const inner = createScriptedDriver([{ pieces: ['a', 'b'] }, { pieces: ['a', 'b'] }]);
  const layer = createLayer(inner, { call: upperCase });
  expect(await layer.generate(request)).toMatchObject({ text: 'AB', model: 'n-001' });
  const chunks = await collectChunks(layer.generateStream(request));
  expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
    ['A', false],
    ['B', false],
    ['', true],
  ]);
  expect(chunks.at(-1)?.response?.text).toBe('AB');
  expect(inner.methods).toEqual(['generate', 'generateStream']);
  expect(inner.requests.map(({ model }) => model)).toEqual(['n', 'n']);
});

test.each(['generate', 'generateStream'] as const)('%s passes the context on', async (method) => {
  const contexts: unknown[] = [];
  const inner = createScriptedDriver([{ onCall: (_request, context) => contexts.push(context) }]);
  const layer = createLayer(inner, { call: (current, context, send) => send(current, context) });
  const context = { fallback: ['n'] };
  if (method === 'generate') await layer.generate(request, context);
  else await collectChunks(layer.generateStream(request, context));
  expect(contexts).toEqual([context]);
});

test.each(['generate', 'generateStream'] as const)(
  '%s rethrows failures and runs the finally block of a layer',
  async (method) => {
    const error = new Error('broken');
    let hasEnded = false;
    const layer = createLayer(createScriptedDriver([{ error }]), {
      async *call(current, context, send) {
        try {
          yield* send(current, context);
        } finally {
          hasEnded = true;
        }
      },
    });
    const call = method === 'generate' ? layer.generate(request) : collectChunks(layer.generateStream(request));
    await expect(call).rejects.toBe(error);
    expect(hasEnded).toBe(true);
  },
);

test('leaving a stream early ends the stream of the inner driver', async () => {
  let hasEnded = false;
  const inner: BoticelliDriver = {
    ...createScriptedDriver(),
    async *generateStream() {
      try {
        for (;;) yield { text: 'x', finished: false, metadata: {} };
      } finally {
        hasEnded = true;
      }
    },
  };
  for await (const { text } of createLayer(inner, { call: upperCase }).generateStream(request)) {
    expect(text).toBe('X');
    break;
  }
  expect(hasEnded).toBe(true);
});

test('forwards what the layer does not define', async () => {
  const calls: string[] = [];
  const inner: BoticelliDriver = {
    ...createScriptedDriver(),
    supportsStreaming: (model) => model === 'streams',
    // A concurrency slot is the right to one open call or session of a model.
    acquiresOwnSlots: async (model) => model === 'live',
    prepare: async () => void calls.push('prepare'),
    close: async () => void calls.push('close'),
  };
  const layer = createLayer(inner, { call: upperCase });
  expect(['streams', 'other'].map(layer.supportsStreaming)).toEqual([true, false]);
  expect([await layer.acquiresOwnSlots?.('live'), await layer.acquiresOwnSlots?.('other')]).toEqual([true, false]);
  await layer.prepare?.();
  await layer.close?.();
  expect(calls).toEqual(['prepare', 'close']);
});

test('needs no optional method of the inner driver, and lets the layer define its own', async () => {
  const calls: string[] = [];
  const inner = createScriptedDriver();
  const plain = createLayer(inner, { call: upperCase });
  await plain.prepare?.();
  await plain.close?.();
  expect(plain.acquiresOwnSlots?.('m')).toBe(false);
  const layer = createLayer(inner, { call: upperCase, close: async () => void calls.push('layer') });
  await layer.close?.();
  expect(calls).toEqual(['layer']);
});

test('throws an error that names the model if a layer yields no chunk with a response', async () => {
  const layer = createLayer(createScriptedDriver(), { async *call() {} });
  await expect(layer.generate(request)).rejects.toThrow("the driver's stream for m ended without a response");
});
