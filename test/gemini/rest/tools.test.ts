import { describe, expect, test } from 'vitest';
import type { CallContext } from '../../../src/driver/driver.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import type { GenerateResponse } from '../../../src/driver/response.js';
import type { ScriptedReply } from '../../helpers/gemini/replies.js';
import {
  codeParts,
  createGrounding,
  partPerChunkReply,
  redirectUrl,
  searchReply,
} from '../../helpers/gemini/tool-replies.js';
import { createGeminiFixture, createRequest, createUserTurn, model, readStream } from '../gemini-fixture.js';

const fixture = createGeminiFixture({ models: 'any' });

/**
 * Sends a unary and a streamed request, which the server answers with the script. Returns the response and the notes,
 * which must be the same for both.
 */
async function getSameResponse(script: ScriptedReply, tools: GenerateRequest['parameters']['tools'] = []) {
  fixture.server.queueReplies(script, script);
  const call = async (isStreamed: boolean) => {
    const notes: string[] = [];
    const context: CallContext = { emit: (event) => event.type === 'note' && notes.push(event.message) };
    const request = createRequest('Hi', { parameters: { tools } });
    const driver = fixture.driver();
    const response = isStreamed
      ? (await readStream(driver.generateStream(request, context))).response
      : await driver.generate(request, context);
    return { response: response as GenerateResponse, notes };
  };
  const unary = await call(false);
  expect(await call(true)).toEqual(unary);
  return unary;
}

test('asks for each tool in an object of its own', async () => {
  await fixture
    .driver()
    .generate(createRequest('Hi', { parameters: { tools: ['google_search', 'url_context', 'code_execution'] } }));
  expect(JSON.stringify(fixture.server.requests[0]?.body)).toBe(
    '{"contents":[{"parts":[{"text":"Hi"}],"role":"user"}],"tools":[{"googleSearch":{}},{"urlContext":{}},{"codeExecution":{}}],"generationConfig":{}}',
  );
});

describe('a reply that is based on searches', () => {
  const script = searchReply(['It ', 'won.'], ['euro 2024', 'final'], ['uefa.com', 'bbc.com']);

  test('has its searches and sources, and counts the searches', async () => {
    const { response, notes } = await getSameResponse(script, ['google_search']);
    expect(response).toMatchObject({
      text: 'It won.',
      searches: ['euro 2024', 'final'],
      sources: [
        { title: 'uefa.com', uri: redirectUrl('uefa.com') },
        { title: 'bbc.com', uri: redirectUrl('bbc.com') },
      ],
      tokenDetails: { searches: 2 },
      usage: { promptTokens: 10, toolTokens: 40 },
    });
    expect(response.turn.native).toEqual([{ text: 'It won.' }]);
    expect(notes).toEqual([]);
  });

  test('may name its searches and sources in any chunk of a stream, and more than once', async () => {
    const chunk = (text: string, more: object) => ({ candidates: [{ content: { parts: [{ text }] }, ...more }] });
    fixture.server.queueReplies({
      chunks: [
        chunk('a', { groundingMetadata: createGrounding(['q'], ['a.example']) }),
        chunk('b', { groundingMetadata: createGrounding(['q', 'r'], ['a.example', 'b.example']) }),
        chunk('c', { finishReason: 'STOP' }),
      ],
    });
    const { response } = await readStream(fixture.driver().generateStream(createRequest()));
    expect(response?.searches).toEqual(['q', 'r']);
    expect(response?.sources?.map(({ title }) => title)).toEqual(['a.example', 'b.example']);
  });

  test('has a note if google_search was not asked for', async () => {
    const { response, notes } = await getSameResponse(script);
    expect(notes).toEqual(['the service searched the web, but google_search was not asked for']);
    expect(response.tokenDetails).toEqual({ searches: 2 });
  });
});

test('pages that url_context has read are sources; others are reported', async () => {
  const urlContextMetadata = {
    urlMetadata: [
      { retrievedUrl: 'https://example.com/a', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_SUCCESS' },
      { retrievedUrl: 'https://example.com/b', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_ERROR' },
    ],
  };
  const { response, notes } = await getSameResponse(partPerChunkReply([{ text: 'x' }], { urlContextMetadata }), [
    'url_context',
  ]);
  expect(response.sources).toEqual([{ uri: 'https://example.com/a' }]);
  expect(response.searches).toBeUndefined();
  expect(notes).toEqual(['the service could not read https://example.com/b (URL_RETRIEVAL_STATUS_ERROR)']);
});

describe('a reply for which code ran', () => {
  const executedCode = [{ language: 'python', code: 'print(sum([2, 3]))\n', output: '5\n' }];

  test('has the code and its output apart from the text', async () => {
    const { response, notes } = await getSameResponse(partPerChunkReply(codeParts), ['code_execution']);
    expect(response).toMatchObject({ text: 'Adding. It is 5.', code: executedCode });
    expect(notes).toEqual([]);
  });

  test('has a note if code_execution was not asked for', async () => {
    const { response, notes } = await getSameResponse(partPerChunkReply(codeParts), ['google_search']);
    expect(response).toMatchObject({ text: 'Adding. It is 5.', code: executedCode });
    expect(notes).toEqual([
      'the reply also has 1 piece of code (PYTHON) and 1 result of code (OUTCOME_OK); only its text and media are shown',
    ]);
  });

  test('goes back unchanged to the same model, and as text to others', async () => {
    const parts = [...codeParts, { toolCall: { id: 't1', toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['q'] } } }];
    const { response, notes } = await getSameResponse(partPerChunkReply(parts), ['code_execution']);
    expect(notes).toEqual([]);
    const turns = [createUserTurn('Hi'), response.turn, createUserTurn('And then?')];
    await fixture.driver().generate(createRequest('', { turns }));
    await fixture.driver().generate(createRequest('', { turns, model: 'gemini-3.5-flash' }));
    const [same, other] = fixture.server.requests.slice(-2).map(({ body }) => body.contents[1]);
    expect(same).toEqual({ role: 'model', parts });
    expect(other).toEqual({ role: 'model', parts: [{ text: 'Adding. It is 5.' }] });
  });
});

describe('the resolution of media', () => {
  const picture = { type: 'media', mimeType: 'image/png', content: { from: 'bytes', base64: 'iVBORw==' } } as const;

  test('is sent for the whole request, and for one part of it', async () => {
    const parts = [{ ...picture, mediaResolution: 'high' as const }, picture];
    await fixture
      .driver()
      .generate(createRequest('', { turns: [{ role: 'user', parts }], parameters: { mediaResolution: 'low' } }));
    const body = fixture.server.requests[0]?.body;
    expect(body.generationConfig).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_LOW' });
    const inlineData = { mimeType: 'image/png', data: 'iVBORw==' };
    expect(body.contents[0].parts).toEqual([
      { inlineData, mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' } },
      { inlineData },
    ]);
  });
});

test('redacts the key that a server puts into sources, code and notes', async () => {
  const apiKey = 'AIzaSyTestKeyOfThirtyNineCharacters00001';
  const driver = fixture.driver({ apiKey });
  fixture.server.queueReplies(
    partPerChunkReply([{ text: 'x' }, { executableCode: { language: 'PYTHON', code: `k = "${apiKey}"` } }], {
      groundingMetadata: createGrounding([apiKey], [apiKey]),
      urlContextMetadata: {
        urlMetadata: [{ retrievedUrl: `https://e.example/?k=${apiKey}`, urlRetrievalStatus: 'ERROR' }],
      },
    }),
  );
  const events: unknown[] = [];
  const response = await driver.generate(createRequest('', { model }), { emit: (event) => events.push(event) });
  expect(response.code).toHaveLength(1);
  expect(JSON.stringify([response, events])).not.toContain(apiKey);
});
