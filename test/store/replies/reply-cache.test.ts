import { expect, test } from 'vitest';
import type { ModelTurn } from '../../../src/driver/request.js';
import type { GenerateResponse } from '../../../src/driver/response.js';
import { parseStoredReply, serializeReply } from '../../../src/store/replies/reply-cache.js';

const usage = { promptTokens: 1, outputTokens: 2, thoughtTokens: 0, totalTokens: 3 };
const reply = (turn: Partial<ModelTurn>): GenerateResponse => ({
  ...{ text: 'Hello you', model: 'served', finishReason: 'STOP', usage },
  turn: { role: 'model', text: 'Hello you', model: 'requested', ...turn },
});

test.each([
  ['that is only text', { native: [{ text: 'Hello you' }] }],
  ['without native parts', {}],
  ['with a signature', { native: [{ text: 'Hello you', thoughtSignature: 'c2ln' }] }],
  ['with thoughts', { native: [{ text: 'Hm.', thought: true }, { text: 'Hello you' }] }],
  [
    'whose text has lost a code fence that its turn and its native part still have',
    { text: '```\nHello you\n```', native: [{ text: '```\nHello you\n```' }] },
  ],
  ['whose text and turn differ from its native part', { native: [{ text: '```\nHello you\n```' }] }],
])('a reply %s is the same after it was stored and read again', (_, turn) => {
  expect(parseStoredReply(serializeReply(reply(turn)))).toEqual(reply(turn));
});

test('the text that a reply contains three times is stored only once', () => {
  const json = serializeReply(reply({ native: [{ text: 'Hello you' }] }));
  expect(json.split('Hello you')).toHaveLength(2);
});

test('a reply that an earlier version stored with all copies of its text can be read', () => {
  const plainReply = reply({ native: [{ text: 'Hello you' }] });
  expect(parseStoredReply(JSON.stringify(plainReply))).toEqual(plainReply);
});

const media = [{ mimeType: 'image/png', base64: 'iVBORw0KGgo=' }];

test('the bytes of media are stored only once, and the reply is the same after it was read again', () => {
  const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgo=' };
  const drawn = reply({ native: [{ inlineData, thoughtSignature: 'c2ln' }, { text: 'Hello you' }], media });
  const json = serializeReply(drawn);
  expect(parseStoredReply(json)).toEqual(drawn);
  expect(json.split('iVBORw0KGgo=')).toHaveLength(2);
});

test.each(['7', '{}', '[7]', '[{"mimeType": "image/png", "base64": "!"}]'])(
  'returns undefined for a stored reply whose media are %s',
  (value) => {
    const json = serializeReply(reply({ media })).replace(JSON.stringify(media), value);
    expect(json).toContain(value);
    expect(parseStoredReply(json)).toBeUndefined();
  },
);

test.each([
  ...['{}', '[]', '{', '7', '{"text": 1}', '{"text": "x", "usage": {}}'],
  ...['{"text": "x", "model": "m", "finishReason": "STOP", "usage": {}, "turn": {}}'],
  ...['{"text": "x", "model": "m", "finishReason": "STOP", "usage": {"promptTokens": -1}, "turn": {"model": "m"}}'],
])('returns undefined for the stored text %s', (json) => {
  expect(parseStoredReply(json)).toBeUndefined();
});

test('returns undefined for a stored reply whose turn is null', () => {
  expect(parseStoredReply('{"text": "x", "usage": {}, "turn": null}')).toBeUndefined();
});
