import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GenerateRequest, MediaPart } from '../../../src/driver/request.js';
import { createHopKey, describeRequest, getHopKeyBounds, requestKey } from '../../../src/store/replies/request-id.js';

const png = Buffer.from('not really a picture').toString('base64');
const picture = (content: MediaPart['content'], mimeType = 'image/png'): MediaPart => ({
  ...{ type: 'media', mimeType, content },
});
const request: GenerateRequest = {
  model: 'model-a',
  system: 'Be brief.',
  parameters: { temperature: 0.5, maxTokens: 100, safety: { A: 'x', B: 'y' } },
  turns: [
    { role: 'user', parts: [{ type: 'text', text: 'Hello' }, picture({ from: 'bytes', base64: png })] },
    { role: 'model', text: 'Hello you', model: 'model-a', native: [{ text: 'Hello you', thoughtSignature: 'c2ln' }] },
    { role: 'user', parts: [{ type: 'text', text: 'And?' }] },
  ],
};
const [first, reply, last] = request.turns as [
  GenerateRequest['turns'][0],
  GenerateRequest['turns'][0],
  GenerateRequest['turns'][0],
];
const keyOf = (candidate: GenerateRequest) => requestKey(describeRequest(candidate));
const user = (...parts: (string | MediaPart)[]) => ({
  role: 'user' as const,
  parts: parts.map((part) => (typeof part === 'string' ? { type: 'text' as const, text: part } : part)),
});

test('the key of a request depends on its tools and on the resolution of its media', () => {
  const media = picture({ from: 'bytes', base64: png });
  const requests: GenerateRequest[] = [
    request,
    { ...request, parameters: { ...request.parameters, tools: ['google_search'] } },
    { ...request, parameters: { ...request.parameters, mediaResolution: 'low' } },
    { ...request, turns: [user('Hello', { ...media, mediaResolution: 'low' }), reply, last] },
    { ...request, turns: [user('Hello', { ...media, mediaResolution: 'high' }), reply, last] },
  ];
  expect(new Set(requests.map(keyOf)).size).toBe(requests.length);
});

describe('the key of a request stays the same', () => {
  const equalRequests: Record<string, GenerateRequest> = {
    'for an equal request': structuredClone(request),
    'in any order of its parameters': {
      ...request,
      parameters: { safety: { B: 'y', A: 'x' }, maxTokens: 100, temperature: 0.5 },
    },
    'if an earlier reply is from another model and has no thought signature': {
      ...request,
      turns: [first, { role: 'model', text: 'Hello you', model: 'model-b' }, last],
    },
  };
  test.each(Object.keys(equalRequests))('%s', (name) => {
    expect(keyOf(equalRequests[name] as GenerateRequest)).toBe(keyOf(request));
  });
});

test('the key of a request depends on the media of an earlier reply, but not on its native parts', () => {
  const textReply = { role: 'model', text: 'Hello you', model: 'model-a' } as const;
  const withMedia = (base64: string, mimeType = 'image/png') => ({ ...textReply, media: [{ mimeType, base64 }] });
  const replies = [
    textReply,
    withMedia(png),
    withMedia('AAAA'),
    withMedia(png, 'image/jpeg'),
    { ...withMedia(png), native: [{}] },
  ];
  const keys = replies.map((turn) => keyOf({ ...request, turns: [first, turn, last] }));
  expect(new Set(keys).size).toBe(4);
  expect(keys[4]).toBe(keys[1]);
});

// A hop is one of several requests that together get a long reply.
describe('the key of a hop', () => {
  /** Returns the key of the hop after hops that returned these continuation tokens. */
  const keyOfHop = (wholeRequestKey: string, ...tokens: string[]) => {
    const turn = { role: 'model', text: 'x', model: 'm' } as const;
    const finishedHops = tokens.map((token) => ({ token, turn, outputTokens: 1 }));
    return createHopKey(wholeRequestKey, describeRequest({ ...request, finishedHops }));
  };
  const keys = [keyOfHop('k'), keyOfHop('k', 'a'), keyOfHop('k', 'a', 'b')];
  const hopKeyOfOtherRequest = keyOfHop('l', 'a');

  test('depends on the key of the whole request and on the last continuation token', () => {
    expect(new Set([...keys, hopKeyOfOtherRequest]).size).toBe(4);
  });

  test('lies between the two bounds of the whole request, and no other key does', () => {
    const [lower, upper] = getHopKeyBounds('k');
    const isBetween = (key: string) => lower < key && key < upper;
    expect(keys.map(isBetween)).toEqual([true, true, true]);
    expect([hopKeyOfOtherRequest, 'k'].map(isBetween)).toEqual([false, false]);
  });
});

describe('the key of a request changes', () => {
  const schema = { type: 'object', properties: { a: {}, b: {} } };
  const turns = (part: MediaPart) => [user('Hello', part), reply, last];
  const changedRequests: Record<string, GenerateRequest> = {
    'for another model': { ...request, model: 'model-b' },
    'for another system instruction': { ...request, system: 'Be long.' },
    'for another temperature': { ...request, parameters: { ...request.parameters, temperature: 0.6 } },
    'for JSON': { ...request, parameters: { ...request.parameters, format: 'json' } },
    'for a schema': { ...request, parameters: { ...request.parameters, format: 'json', schema } },
    'for another order of the fields of a schema': {
      ...request,
      parameters: {
        ...request.parameters,
        format: 'json',
        schema: { ...schema, properties: { b: {}, a: {} } },
      },
    },
    'for another earlier reply': {
      ...request,
      turns: [first, { role: 'model', text: 'Hello', model: 'model-a' }, last],
    },
    'for another prompt': { ...request, turns: [first, reply, user('And then?')] },
    'for the same prompt in two parts': { ...request, turns: [first, reply, user('An', 'd?')] },
    'for another picture': { ...request, turns: turns(picture({ from: 'bytes', base64: 'AAAA' })) },
    'for a picture of another type': {
      ...request,
      turns: turns(picture({ from: 'bytes', base64: png }, 'image/jpeg')),
    },
    'for a picture by its URL': { ...request, turns: turns(picture({ from: 'url-to-fetch', url: 'http://x/a.png' })) },
    'for a picture at another URL': {
      ...request,
      turns: turns(picture({ from: 'url-to-fetch', url: 'http://x/b.png' })),
    },
  };
  test('with each of its parts, and to a different key for each change', () => {
    const seenKeys = new Set([keyOf(request)]);
    for (const [change, changedRequest] of Object.entries(changedRequests)) {
      const key = keyOf(changedRequest);
      expect(key, change).toMatch(/^[0-9a-f]{64}$/);
      expect(seenKeys, change).not.toContain(key);
      seenKeys.add(key);
    }
  });
});

test('a description has the text of the prompt, but no media bytes', () => {
  const text = JSON.stringify(describeRequest(request));
  expect(text).not.toContain(png);
  expect(text).toContain('"And?"');
});

// Replies that earlier versions stored are found by this key.
test('the key is the same as in earlier versions', () => {
  expect(keyOf(request)).toMatchInlineSnapshot(`"940eefd8c4e9d2cd0c4cc3dc0bbd68919ff503947f6aeb0ea14a9db0a9af03e9"`);
});

test('a request with a media file has the same key as one with the bytes of the file, whatever its path', () => {
  const sha256 = createHash('sha256').update(Buffer.from(png, 'base64')).digest('hex');
  const asFile = picture({ from: 'file', path: '/anywhere', byteLength: 5, sha256 });
  const keys = [picture({ from: 'bytes', base64: png }), asFile].map((medium) =>
    keyOf({ ...request, turns: [{ role: 'user', parts: [medium] }] }),
  );
  expect(keys[1]).toBe(keys[0]);
});
