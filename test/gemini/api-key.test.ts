import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { listModels } from '../../src/gemini/models/list-models.js';
import { errorBody, failure, keyInvalid } from '../helpers/gemini-errors.js';
import { chunkOf, noText, packets, type Script, sseEvent } from '../helpers/gemini-replies.js';
import { ask, failureOf, play, setStage } from './gemini-stage.js';

const stage = setStage();
const canary = 'CANARY-abc/=+def';

/** Everything of an error that anybody could print. */
function printed(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
}

test.each([
  ['an empty key', '', 'missing_api_key'],
  ['a line end', `${canary}\n`, 'auth'],
  ['a letter that no header can carry', `${canary}☃`, 'auth'],
  ['a space', `my ${canary}`, 'auth'],
  ['an ephemeral token', `auth_tokens/${canary}`, 'auth'],
])('%s is found before any network, and the key is not printed', async (_name, apiKey, code) => {
  const error = await failureOf(stage.driver({ apiKey }).generate(ask()));
  const { error: streamed } = await play(stage.driver({ apiKey }).generateStream(ask()));
  for (const failed of [error, streamed]) {
    expect(failed).toMatchObject({ code, passing: false });
    expect(printed(failed)).not.toContain(canary);
  }
  expect(stage.server.requests).toHaveLength(0);
});

const echo = `The key ${canary} and ${encodeURIComponent(canary)} and ${canary}.`;

test.each([
  ['an invalid key', keyInvalid(canary)],
  ['an overload', failure(503, echo)],
  ['a refused request', failure(400, echo)],
  ['a quota', failure(429, echo)],
  ['a forbidden one', failure(403, echo)],
  ['a page', { status: 502, body: `<title>${echo}</title>` }],
  ['a page with 200', { body: `<title>${echo}</title>` }],
  ['a text with 200', { body: `${'x'.repeat(110)}${echo}` }],
  ['a redirect', { status: 302, headers: { location: `https://x.example/?key=${canary}` } }],
  ['escapes in JSON', { status: 400, body: JSON.stringify(errorBody(400, echo)).replaceAll('/', '\\/') }],
  ['characters by number', { status: 400, body: JSON.stringify(errorBody(400, echo)).replaceAll('=', '\\u003d') }],
  ['a finish reason', noText(canary)],
  ['an error in a stream', packets(sseEvent(chunkOf('x')), sseEvent(errorBody(500, echo)))],
  ['a bare error in a stream', packets(sseEvent(chunkOf('x')), JSON.stringify(errorBody(499, echo), null, 1))],
  ['a malformed event', packets(`data: {"text": "${'x'.repeat(60)}${canary}\n\n${sseEvent(chunkOf('x', 'STOP'))}`)],
] satisfies [string, Script][])('%s that echoes the key does not print it', async (_name, script) => {
  stage.server.reply(script, script);
  const driver = stage.driver({ apiKey: canary });
  const { error } = await play(driver.generateStream(ask()));
  for (const failed of [await failureOf(driver.generate(ask())), error]) {
    expect(failed).toBeDefined();
    // The beginning too: what is cut to a length must be cut after the key is out of it.
    expect(printed(failed)).not.toMatch(/CANARY/);
  }
});

test('a list of models that fails does not print the key', async () => {
  stage.server.replyToList(failure(500, echo));
  const error = await failureOf(listModels({ apiKey: canary, baseUrl: stage.server.url }));
  expect(error).toMatchObject({ code: 'unavailable' });
  expect(printed(error)).not.toMatch(/CANARY/);
});

test('a model that is named like the key is not printed either', async () => {
  const error = await failureOf(stage.driver({ apiKey: 'CANARY-key' }).generate(ask('Hi', { model: 'CANARY-key' })));
  expect(error).toMatchObject({ code: 'model_not_found' });
  expect(printed(error)).not.toMatch(/CANARY/);
});

test('a key as short as "test" is not cut out of other words', async () => {
  stage.server.reply(failure(400, 'Bad key: test.'));
  const driver = stage.driver({ apiKey: 'test' });
  expect((await failureOf(driver.generate(ask()))).message).toContain('Bad key: [key]');
  const unknown = await failureOf(driver.generate(ask('Hi', { model: 'gemini-flash-lite-late' })));
  expect(unknown.hint).toContain('gemini-flash-lite-latest');
});
