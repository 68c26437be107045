import { expect, test } from 'vitest';
import type { GenerateResponse } from '../../../src/driver/response.js';
import { parseStoredReply, serializeReply } from '../../../src/store/replies/stored-reply.js';

const usage = { promptTokens: 1, outputTokens: 2, thoughtTokens: 0, totalTokens: 3 };
const reply = (turn: { text?: string; native?: unknown }): GenerateResponse => ({
  ...{ text: 'Hello you', model: 'served', finishReason: 'STOP', usage },
  turn: { role: 'model', text: 'Hello you', model: 'asked', ...turn },
});

test.each([
  ['of text alone', { native: [{ text: 'Hello you' }] }],
  ['without native parts', {}],
  ['with a signature', { native: [{ text: 'Hello you', thoughtSignature: 'c2ln' }] }],
  ['with thoughts', { native: [{ text: 'Hm.', thought: true }, { text: 'Hello you' }] }],
  ['whose turn says more than its text', { text: '```\nHello you\n```', native: [{ text: '```\nHello you\n```' }] }],
  ['whose native part says more than its turn', { native: [{ text: '```\nHello you\n```' }] }],
])('a reply %s is read as it was kept', (_, turn) => {
  expect(parseStoredReply(serializeReply(reply(turn)))).toEqual(reply(turn));
});

test('a text is written once', () => {
  const json = serializeReply(reply({ native: [{ text: 'Hello you' }] }));
  expect(json.split('Hello you')).toHaveLength(2);
});

test('a reply that was written down whole is read too', () => {
  const plainReply = reply({ native: [{ text: 'Hello you' }] });
  expect(parseStoredReply(JSON.stringify(plainReply))).toEqual(plainReply);
});

test.each(['{}', '[]', '{"text": 1}', '{"text": "x", "usage": {}}'])('%s is no reply', (json) => {
  expect(parseStoredReply(json)).toBeUndefined();
});

test('null is no reply', () => {
  expect(parseStoredReply('{"text": "x", "usage": {}, "turn": null}')).toBeUndefined();
});
