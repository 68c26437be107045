import { expect, test } from 'vitest';
import { createTurnEnd, serverContent, spokenReply } from '../../helpers/gemini/live-replies.js';
import { createGrounding, redirectUrl } from '../../helpers/gemini/tool-replies.js';
import { getError } from '../gemini-fixture.js';
import { collectNoteEvents, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture();

/** A spoken reply after a search. A Live model searches by running code. */
function spokenSearch() {
  const search = { executableCode: { language: 'PYTHON', code: 'print(google_search.search(queries=["q"]))' } };
  const found = { codeExecutionResult: { outcome: 'OUTCOME_OK', output: 'Looking up information on Google Search.' } };
  const { frames } = spokenReply(['Found', ' it.']);
  return {
    frames: [
      serverContent({ modelTurn: { parts: [search] } }),
      serverContent({ modelTurn: { parts: [found] } }),
      ...frames.slice(0, -2),
      serverContent({ groundingMetadata: createGrounding(['q'], ['a.example']) }),
      ...createTurnEnd(),
    ],
  };
}

test('a Live model is set up with the tool and the resolution, and its reply has sources', async () => {
  fixture.server.live.queueReplies(spokenSearch());
  const { notes, context } = collectNoteEvents();
  const parameters = { tools: ['google_search'], mediaResolution: 'low' } as const;
  const response = await fixture.driver().generate(createRequest('Hi', { parameters }), context);
  expect(fixture.session(0).setup).toMatchObject({
    tools: [{ googleSearch: {} }],
    generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' },
  });
  expect(response).toMatchObject({
    text: 'Found it.',
    searches: ['q'],
    sources: [{ title: 'a.example', uri: redirectUrl('a.example') }],
    code: [{ language: 'python', output: 'Looking up information on Google Search.' }],
    tokenDetails: { searches: 1 },
  });
  expect(notes).toEqual([]);
});

test('a search that was not asked for is reported', async () => {
  fixture.server.live.queueReplies(spokenSearch());
  const { notes, context } = collectNoteEvents();
  await fixture.driver().generate(createRequest(), context);
  expect(notes).toEqual([
    'the reply also has 1 piece of code (PYTHON) and 1 result of code (OUTCOME_OK); only its text and media are shown',
    'the service searched the web, but google_search was not asked for',
  ]);
});

test('metadata of a wrong type is ignored', async () => {
  const { frames } = spokenReply(['Hi']);
  fixture.server.live.queueReplies({
    frames: [serverContent({ groundingMetadata: 7, urlContextMetadata: [1] }), ...frames],
  });
  const { text, sources } = await fixture.driver().generate(createRequest());
  expect({ text, sources }).toEqual({ text: 'Hi', sources: undefined });
});

test.each([
  [{ tools: ['google_search', 'code_execution'] as const }, 'the Live API does not have the tool code_execution'],
  [{ tools: ['url_context'] as const }, 'the Live API does not have the tool url_context'],
])('rejects %j before it opens a session', async (parameters, reason) => {
  const error = await getError(fixture.driver().generate(createRequest('Hi', { parameters })));
  expect(error.message).toBe(`gemini-3.8-live can't take this request: ${reason}`);
  expect(fixture.server.live.sessions).toHaveLength(0);
});
