import { describe, expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { withContinuation } from '../../../src/driver/layers/with-continuation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import type { StreamChunk } from '../../../src/driver/response.js';
import { BoticelliError } from '../../../src/errors.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const request: GenerateRequest = {
  model: 'm',
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'Write a novel.' }] }],
  parameters: { maxTokens: 100_000 },
};

/** The script of a hop that another hop continues. */
function hop(text: string, continuationToken?: string, overrides: Partial<ScriptedCall> = {}): ScriptedCall {
  const token = continuationToken === undefined ? {} : { continuationToken };
  return { pieces: [text.slice(0, 2), text.slice(2)], finishReason: 'CONTINUATION', ...token, ...overrides };
}

function stack(scripts: ScriptedCall[]) {
  const inner = createScriptedDriver(scripts);
  const events: DriverEvent[] = [];
  return { inner, events, driver: withContinuation(inner), emit: (event: DriverEvent) => void events.push(event) };
}

async function collectChunks(stream: AsyncIterable<StreamChunk>): Promise<StreamChunk[]> {
  const chunks: StreamChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('passes a reply of one request through unchanged', async () => {
  const { driver, inner, events, emit } = stack([{ pieces: ['all'] }, { pieces: ['all'] }]);
  const response = await driver.generate(request, { emit });
  expect(response).toEqual(await inner.generate(request));
  expect(inner.requests[0]).toBe(request);
  expect(events).toEqual([]);
});

describe('a reply in several hops', () => {
  const scripts = [hop('one ', 'a'), hop('two ', 'b'), { pieces: ['three'] }];

  test('has the sources and the web searches of all hops, each once', async () => {
    const [a, b] = [{ uri: 'https://a.example/' }, { uri: 'https://b.example/' }];
    const found = [{ sources: [a], searches: ['q'] }, { sources: [{ ...a, title: 'A' }, b] }, { searches: ['q', 'r'] }];
    const { driver } = stack(scripts.map((script, index) => ({ ...script, response: found[index] ?? {} })));
    expect(await driver.generate(request)).toMatchObject({
      ...{ sources: [{ ...a, title: 'A' }, b], searches: ['q', 'r'] },
    });
  });

  test('is joined: text, usage and cost', async () => {
    const priced = scripts.map((script, index) => ({ ...script, response: { costUsd: 0.1 * (index + 1) } }));
    const { driver, inner, events, emit } = stack(priced);
    const response = await driver.generate(request, { emit });
    expect(response).toMatchObject({ text: 'one two three', finishReason: 'STOP', costUsd: 0.6 });
    expect(response.usage).toEqual({ promptTokens: 30, outputTokens: 5, thoughtTokens: 0, totalTokens: 35 });
    expect(response).not.toHaveProperty('continuationToken');
    const hops = [
      { token: 'a', turn: { role: 'model', text: 'one ', model: 'm' }, outputTokens: 2 },
      { token: 'b', turn: { role: 'model', text: 'two ', model: 'm' }, outputTokens: 2 },
    ];
    expect(inner.requests).toEqual([
      request,
      { ...request, finishedHops: hops.slice(0, 1) },
      { ...request, finishedHops: hops },
    ]);
    expect(events).toEqual([
      {
        type: 'hop',
        part: 1,
        message: 'part 1 of the reply ended after 2 tokens, at the limit of one request; requesting part 2',
        reused: false,
      },
      expect.objectContaining({ message: expect.stringContaining('requesting part 3') }),
    ]);
  });

  test('is streamed as it arrives, and only its last chunk is marked as finished', async () => {
    const chunks = await collectChunks(stack(scripts).driver.generateStream(request));
    expect(chunks.map(({ text }) => text)).toEqual(['on', 'e ', 'tw', 'o ', 'three', '']);
    expect(chunks.filter(({ finished }) => finished)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)?.response?.text).toBe('one two three');
  });

  test('has its finish reason on the last chunk alone, even if a hop is a single chunk', async () => {
    const { inner, driver } = stack([]);
    inner.generateStream = async function* ({ finishedHops }) {
      const script = finishedHops ? { pieces: ['two'] } : hop('one ', 'a');
      const response = await createScriptedDriver([script]).generate(request);
      const { text, finishReason } = response;
      yield { text, finished: true, metadata: { finishReason }, response };
    };
    const chunks = await collectChunks(driver.generateStream(request));
    expect(chunks.map(({ text, metadata }) => [text, metadata.finishReason])).toEqual([
      ['one ', undefined],
      ['two', 'STOP'],
    ]);
  });

  test('has token counts of the whole reply in its chunks', async () => {
    const { inner, driver } = stack([]);
    inner.generateStream = async function* ({ finishedHops }) {
      yield { text: 'x', finished: false, metadata: { tokensGenerated: 1 } };
      const response = await createScriptedDriver([finishedHops ? { pieces: ['x', 'y'] } : hop('xy', 'a')]).generate(
        request,
      );
      yield { text: '', finished: true, metadata: { tokensGenerated: 2 }, response };
    };
    const chunks = await collectChunks(driver.generateStream(request));
    expect(chunks.map(({ metadata }) => metadata.tokensGenerated)).toEqual([1, 3, 4]);
  });

  test('is continued by the model that served the first hop', async () => {
    const turn = { role: 'model', text: 'one ', model: 'fallback' } as const;
    const { driver, inner } = stack([hop('one ', 'a', { response: { turn } })]);
    await driver.generate(request);
    expect(inner.requests.map(({ model }) => model)).toEqual(['m', 'fallback']);
  });

  test('has no cost if the price of a hop is unknown', async () => {
    const { driver } = stack([hop('one ', 'a', { response: { costUsd: 1 } }), { pieces: ['two'] }]);
    expect(await driver.generate(request)).not.toHaveProperty('costUsd');
  });

  test('may have hops of thoughts alone, and a finish reason in lower case', async () => {
    const usage = { promptTokens: 10, outputTokens: 0, thoughtTokens: 7, totalTokens: 17 };
    const { driver } = stack([hop('', 'a', { finishReason: 'continuation', response: { usage } }), { pieces: ['x'] }]);
    expect(await driver.generate(request)).toMatchObject({ text: 'x', usage: { outputTokens: 1, thoughtTokens: 7 } });
  });

  test('keeps the finish reason of its last hop', async () => {
    const { driver } = stack([hop('one ', 'a'), { pieces: ['tw'], finishReason: 'MAX_TOKENS' }]);
    expect(await driver.generate(request)).toMatchObject({ text: 'one tw', finishReason: 'MAX_TOKENS' });
  });
});

test('a retry in a later hop says how many characters of the earlier hops to keep', async () => {
  const error = { code: 'stream_interrupted', message: 'broke off' } as const;
  const withDiscard: Partial<ScriptedCall> = {
    onCall: (_request, { emit }) => emit?.({ type: 'retry', attempt: 1, delayMs: 0, error, discard: true }),
  };
  const { driver, events, emit } = stack([
    hop('one\u{1f58b}', 'a', withDiscard),
    hop('', 'b', withDiscard),
    { pieces: ['x'], ...withDiscard },
  ]);
  await driver.generate(request, { emit });
  const retries = events.filter(({ type }) => type === 'retry');
  expect(retries.map((event) => 'keepChars' in event && event.keepChars)).toEqual([false, 5, 5]);
});

describe('the failure of a long reply', () => {
  const endless = Array.from({ length: 100 }, (_, index) => hop('x', String(index)));
  test.each<[string, ScriptedCall[], string, number]>([
    ['the second hop has no token', [hop('one ', 'a'), hop('two')], 'no token to continue the reply after part 2', 2],
    [
      'the second hop has the token of the first',
      [hop('one ', 'a'), hop('two', 'a')],
      'sent the token of an earlier part',
      2,
    ],
    [
      'the third hop has the token of the first',
      [hop('1', 'a'), hop('2', 'b'), hop('3', 'a')],
      'of an earlier part',
      3,
    ],
    ['no end after 64 hops', endless, 'the reply did not end within 64 parts', 64],
  ])(
    'is a permanent `unavailable` error, after the usage events of all hops: %s',
    async (_, scripts, message, requests) => {
      const { driver, inner, events, emit } = stack(scripts);
      const error = await driver.generate(request, { emit }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(message),
        isTransient: false,
      });
      expect(inner.requests).toHaveLength(requests);
      expect(events.filter(({ type }) => type === 'spent')).toHaveLength(requests);
    },
  );

  test('is the error of the hop that failed, after the usage events of the earlier hops', async () => {
    const error = new BoticelliError('blocked', 'no');
    const { driver, events, emit } = stack([hop('one ', 'a'), { error }]);
    await expect(driver.generate(request, { emit })).rejects.toBe(error);
    const usage = { promptTokens: 10, outputTokens: 2, thoughtTokens: 0, totalTokens: 12 };
    expect(events.at(-1)).toEqual({ type: 'spent', model: 'm-001', usage });
  });
});

describe('a reused hop', () => {
  const reused = hop('one ', 'a', { response: { reused: true } });

  test('adds nothing to the usage, and does not make the whole reply a reused one', async () => {
    const { driver, events, emit } = stack([reused, { pieces: ['two'] }]);
    const response = await driver.generate(request, { emit });
    expect(response).toMatchObject({ text: 'one two', usage: { promptTokens: 10 } });
    expect(response).not.toHaveProperty('reused');
    const message = 'part 1 of the reply is reused from an earlier run (no request, no cost)';
    expect(events).toEqual([{ type: 'hop', part: 1, message, reused: true }]);
  });

  test('is not marked as finished, although the inner driver yields it as its last chunk', async () => {
    const { inner, driver } = stack([]);
    inner.generateStream = async function* (current) {
      const response = await createScriptedDriver([current.finishedHops ? { pieces: ['two'] } : reused]).generate(
        current,
      );
      yield { text: response.text, finished: true, metadata: {}, response };
    };
    const chunks = await collectChunks(driver.generateStream(request));
    expect(chunks.map(({ text, finished }) => [text, finished])).toEqual([
      ['one ', false],
      ['two', true],
    ]);
  });

  test('gives the error another hint if the service rejects its token; for a hop of this run, the error keeps its hint', async () => {
    const error = new BoticelliError('invalid_request', 'bad token', { hint: 'Fix it.' });
    await expect(stack([reused, { error }]).driver.generate(request)).rejects.toMatchObject({
      ...{ code: 'invalid_request', message: 'bad token' },
      hint: expect.stringContaining('too old to continue'),
    });
    await expect(stack([hop('one ', 'a'), { error }]).driver.generate(request)).rejects.toBe(error);
  });
});
