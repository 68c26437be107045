import { expect, test } from 'vitest';
import { getUnsupportedReason } from '../../../src/gemini/models/unsupported-reason.js';
import { createRequest } from '../gemini-fixture.js';

const json = createRequest('Hi', { parameters: { format: 'json' } });

test('accepts a request for a REST model and a text request for a Live model', () => {
  expect(getUnsupportedReason('gemini-3.8-flash', json)).toBeUndefined();
  expect(getUnsupportedReason('models/gemini-3.8-live', createRequest())).toBeUndefined();
});

test('accepts a JSON request for a Live model: the Live API accepts no schema, but boticelli validates the reply itself', () => {
  expect(getUnsupportedReason('gemini-3.8-live', json)).toBeUndefined();
});

test.each(['gemini-embedding-001', 'imagen-4.0-generate-001', 'gemini-3.1-flash-tts-preview'])(
  'rejects %s for a request for text',
  (model) => {
    expect(getUnsupportedReason(model, createRequest())).toBe('it does not generate text');
  },
);

test('accepts a speech model as the fallback of another speech model', () => {
  const request = createRequest('Hi', { model: 'models/gemini-3.8-flash-tts' });
  expect(getUnsupportedReason('gemini-3.8-flash-lite-tts', request)).toBeUndefined();
});

test('rejects tools and resolutions that a model is known not to accept', () => {
  const tools = createRequest('Hi', { parameters: { format: 'json', tools: ['google_search'] } });
  const reason = 'it does not accept tools together with format = "json"';
  expect(getUnsupportedReason('gemini-2.5-flash', tools)).toBe(reason);
  expect(getUnsupportedReason('gemini-3.8-flash', tools)).toBeUndefined();
  expect(getUnsupportedReason('gemini-3.8-live', tools)).toBeUndefined();
  const picture = { type: 'media', content: { from: 'bytes', base64: '' }, mediaResolution: 'low' } as const;
  const media = createRequest('Hi', { turns: [{ role: 'user', parts: [picture] }] });
  expect(getUnsupportedReason('gemini-2.5-flash', media)).toBe(
    'it accepts one media_resolution for the whole request, not one for a single medium',
  );
  expect(getUnsupportedReason('gemini-3.8-live', media)).toBe('the Live API has one media_resolution for all media');
  expect(getUnsupportedReason('gemini-4-argon', media)).toBeUndefined();
});

test('rejects thinking that a model is known not to accept', () => {
  const thinking = (value: 'minimal' | 'high' | number) => createRequest('Hi', { parameters: { thinking: value } });
  expect(getUnsupportedReason('gemini-4-argon', thinking('minimal'))).toBe('it does not accept thinking = "minimal"');
  expect(getUnsupportedReason('models/gemini-4-argon', thinking(99))).toBe('it does not accept thinking = 99');
  expect(getUnsupportedReason('gemini-4-argon', thinking('high'))).toBeUndefined();
  expect(getUnsupportedReason('gemini-x', thinking('minimal'))).toBeUndefined();
});
