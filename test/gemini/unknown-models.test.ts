import { expect, test } from 'vitest';
import { listModels } from '../../src/gemini/model-catalogue.js';
import { overloaded } from '../helpers/gemini-errors.js';
import { abortable, ask, failureOf, play, setStage } from './gemini-stage.js';

const stage = setStage();

test('an unknown model is model_not_found with the nearest names of all pages', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-2.0-flash-lite' })));
  expect(error).toMatchObject({ code: 'model_not_found', passing: false });
  expect(error.message).toBe('the service has no model gemini-2.0-flash-lite (404 NOT_FOUND)');
  expect(error.hint).toMatch(/^The nearest that the service lists: gemini-\S+-flash-lite, /);
  expect(stage.server.requests.map(({ action }) => action)).toEqual(['generateContent', 'list', 'list']);
});

test('a stream of an unknown model fails the same way', async () => {
  const { error } = await play(stage.driver().generateStream(ask('Hi', { model: 'gemini-3.8-flush' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error?.hint).toContain('gemini-3.8-flash');
});

test('names of the same family come first', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-3.5-flash-lite-preview-09-2026' })));
  expect(error.hint).toMatch(/lists: gemini-3\.5-flash-lite, gemini-3\.5-flash\b/);
});

test('a name like no other gets an example', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'mistral-large-instruct-2411' })));
  expect(error.hint).toMatch(/lists \d+ others, such as gemini-flash-lite-latest\./);
});

test('a model that exists but speaks another API is told as such', async () => {
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-embedding-001' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.message).toContain(
    "gemini-embedding-001 can't be asked for a reply this way: it is there for embedContent",
  );
});

test('where the list cannot be had the hint says how to find out', async () => {
  stage.server.replyToList(overloaded());
  const error = await failureOf(stage.driver().generate(ask('Hi', { model: 'gemini-9' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(error.hint).toContain('https://ai.google.dev/gemini-api/docs/models');
});

test('an abort while the list is asked for ends the call with its reason', async () => {
  stage.server.replyToList({ end: 'stall-before-headers' });
  const { controller, context } = abortable();
  const call = stage.driver().generate(ask('Hi', { model: 'gemini-9' }), context);
  await stage.server.received(2);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
});

test.each(['', '../../files', 'a?key=b', 'a&b', 'a#b', 'two words', 'ünbekannt'])(
  'the name %j is refused before any request for a reply',
  async (name) => {
    const error = await failureOf(stage.driver().generate(ask('Hi', { model: name })));
    expect(error).toMatchObject({ code: 'model_not_found' });
    expect(stage.server.calls).toHaveLength(0);
  },
);

test('the list has all pages, Live models on the last', async () => {
  const models = await listModels({ apiKey: 'test-key', baseUrl: stage.server.url });
  expect(models.length).toBeGreaterThan(50);
  expect(models[0]).toEqual({ name: 'gemini-flash-lite-latest', methods: ['generateContent', 'countTokens'] });
  expect(models.find(({ name }) => name === 'gemini-3.8-live')?.methods).toContain('bidiGenerateContent');
  expect(stage.server.requests).toHaveLength(2);
});

test('a service without a list is told as such', async () => {
  stage.server.replyToList({ status: 404, body: '' });
  const error = await failureOf(listModels({ apiKey: 'test-key', baseUrl: stage.server.url }));
  expect(error.message).toMatch(/^127\.0\.0\.1:\d+ has no list of models \(404\)$/);
});

test('a list that stalls is a timeout', async () => {
  stage.server.replyToList({ end: 'stall-before-headers' });
  const error = await failureOf(listModels({ apiKey: 'test-key', baseUrl: stage.server.url, timeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'timeout', passing: false });
});
