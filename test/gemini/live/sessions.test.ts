import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { closeFrames, spokenReply } from '../../helpers/gemini/live-replies.js';
import { startHttpProxy } from '../../helpers/http-proxy.js';
import { getError, readStream } from '../gemini-fixture.js';
import { collectNoteEvents, continueConversation, createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture();
const sessions = () => fixture.server.live.sessions;

test('serves a growing conversation with one session, and sends only new turns', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  const third = continueConversation(second, await driver.generate(second), 'Three');
  const { text } = await readStream(driver.generateStream(third));
  expect(text).toBe('Reply 3 of gemini-3.8-live to "Three"');
  expect(sessions()).toHaveLength(1);
  const turns = fixture
    .session(0)
    .messages.slice(1)
    .map(({ clientContent }) => clientContent.turns);
  expect(turns.map(({ length }) => length)).toEqual([1, 1, 1]);
});

test('sends turns of another model to the open session, followed by the next prompt', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const response = await driver.generate(first);
  const otherRequest = continueConversation(first, response, 'Two');
  const turn = { role: 'model', text: 'From elsewhere', model: 'gemini-3.8-flash' } as const;
  const { text } = await driver.generate(continueConversation(otherRequest, { ...response, turn }, 'Three'));
  expect(text).toBe('Reply 3 of gemini-3.8-live to "Three"');
  expect(sessions()).toHaveLength(1);
  expect(fixture.session(0).messages[2].clientContent.turns).toEqual([
    { role: 'user', parts: [{ text: 'Two' }] },
    { role: 'model', parts: [{ text: 'From elsewhere' }] },
    { role: 'user', parts: [{ text: 'Three' }] },
  ]);
});

test.each([
  ['has another beginning', {}],
  ['has another system instruction', { system: 'Be brief.' }],
  ['has other parameters', { parameters: { temperature: 0 } }],
  ['has another model', { model: 'gemini-3.1-flash-live-preview' }],
])('opens a new session for a conversation that %s, and closes the previous one', async (_, change) => {
  const driver = fixture.driver();
  const { notes, context } = collectNoteEvents();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  // An empty change stands for a conversation that begins with another prompt.
  await driver.generate(Object.keys(change).length > 0 ? { ...second, ...change } : createRequest('Two'), context);
  expect(sessions()).toHaveLength(2);
  expect(fixture.server.live.peakOpenCount).toBe(1);
  expect(fixture.session(0).closeCode).toBe(1000);
  // This is normal, so there is no note.
  expect(notes).toEqual([]);
});

test('close closes the session, and a later call opens another', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  await driver.close?.();
  expect(fixture.server.live.openCount).toBe(0);
  expect((await driver.generate(second)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
});

test('closes a session that has had no turn for idleSessionMs', async () => {
  const driver = fixture.driver({ idleSessionMs: 100 });
  await driver.generate(createRequest());
  expect(fixture.server.live.openCount).toBe(1);
  await fixture.session(0).closed;
  expect(fixture.session(0).closeCode).toBe(1000);
});

test('keeps a session open while each turn follows within idleSessionMs', async () => {
  const driver = fixture.driver({ idleSessionMs: 600 });
  let request = createRequest('One');
  for (let turn = 0; turn < 4; turn += 1) {
    request = continueConversation(request, await driver.generate(request), 'More');
    await delay(200);
  }
  expect(sessions()).toHaveLength(1);
});

test('opens a session for each of two parallel conversations', async () => {
  const driver = fixture.driver();
  const [left, right] = await Promise.all([
    driver.generate(createRequest('Left')),
    driver.generate(createRequest('Right')),
  ]);
  expect([left.text, right.text]).toEqual(['Left', 'Right'].map((name) => `Reply 1 of gemini-3.8-live to "${name}"`));
  expect(fixture.server.live.peakOpenCount).toBe(2);
});

test.each([
  ['destroyed', 'destroy'],
  ['reset', 'reset'],
  ['closed with 1001', closeFrames.goingAway],
  ['closed with 1011 because of its age', closeFrames.deadline],
] as const)('resumes a session whose connection is %s between turns, with a note', async (_, how) => {
  const driver = fixture.driver();
  const { notes, context } = collectNoteEvents();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first, context), 'Two');
  fixture.session(0).close(how);
  await fixture.session(0).closed;
  // The client notices a moment after the server.
  await delay(20);
  const response = await driver.generate(second, context);
  expect(response.text).toBe('Reply 2 of gemini-3.8-live to "Two"');
  expect(notes).toEqual(['the connection was lost: the conversation continues in a resumed session']);
  expect(fixture.session(1).setup.sessionResumption.handle).toMatch(/^handle-/);
  expect(fixture.session(1).messages[1].clientContent.turns).toHaveLength(1);
  // A resumed session can be resumed again.
  fixture.session(1).close(how);
  await fixture.session(1).closed;
  await delay(20);
  const third = continueConversation(second, response, 'Three');
  expect((await driver.generate(third, context)).text).toBe('Reply 3 of gemini-3.8-live to "Three"');
  expect(fixture.session(2).messages[1].clientContent.turns).toHaveLength(1);
});

test('sends the whole conversation to a new session if there is no resumption handle, or if it is rejected', async () => {
  for (const sendsHandle of [false, true]) {
    fixture.server.live.allowsResumption = sendsHandle;
    const driver = fixture.driver();
    const { notes, context } = collectNoteEvents();
    const first = createRequest('One');
    const second = continueConversation(first, await driver.generate(first), 'Two');
    // The server rejects the handle that it has sent.
    if (sendsHandle) fixture.server.live.queueConnections({ at: 'setup', action: closeFrames.invalidArgument });
    sessions().at(-1)?.close('destroy');
    await sessions().at(-1)?.closed;
    await delay(20);
    expect((await driver.generate(second, context)).text).toBe('Reply 2 of gemini-3.8-live to "Two"');
    expect(notes).toEqual(['the connection was lost: the conversation continues in a new session']);
    expect(sessions().at(-1)?.messages[1].clientContent.turns).toHaveLength(3);
    await driver.close?.();
  }
});

// A session of gemini-3.8-live that began with a history often forgets this history when the session is resumed.
test('does not resume a session that began with a history, but opens a new one', async () => {
  const driver = fixture.driver();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first), 'Two');
  await driver.close?.();
  const third = continueConversation(second, await driver.generate(second), 'Three');
  fixture.session(1).close('destroy');
  await fixture.session(1).closed;
  await delay(20);
  expect((await driver.generate(third)).text).toBe('Reply 3 of gemini-3.8-live to "Three"');
  expect(fixture.session(2).setup.sessionResumption).toEqual({});
  expect(fixture.session(2).messages[1].clientContent.turns).toHaveLength(5);
});

test('resumes a session that is lost before the reply begins, once per call', async () => {
  const driver = fixture.driver();
  const { notes, context } = collectNoteEvents();
  const first = createRequest('One');
  const second = continueConversation(first, await driver.generate(first, context), 'Two');
  fixture.server.live.queueReplies({ frames: [], end: 'destroy' });
  const third = continueConversation(second, await driver.generate(second, context), 'Three');
  expect(notes).toEqual(['the connection was lost: the conversation continues in a resumed session']);
  expect(sessions().map(({ prompts }) => prompts)).toEqual([['One', 'Two'], ['Two']]);

  fixture.server.live.queueReplies({ frames: [], end: 'destroy' }, { frames: [], end: 'destroy' });
  const error = await getError(driver.generate(third, context));
  expect(error).toMatchObject({ code: 'stream_interrupted', isTransient: true });
  expect(sessions().flatMap(({ prompts }) => prompts)).toEqual(['One', 'Two', 'Two', 'Three', 'Three']);
});

test('starts no turn in a session whose announced end is near', async () => {
  const driver = fixture.driver();
  const { notes, context } = collectNoteEvents();
  const first = createRequest('One');
  const goAway = (timeLeft: string) => ({ goAway: { timeLeft } });
  fixture.server.live.queueReplies({ frames: [goAway('300s'), ...spokenReply(['Uno']).frames] });
  const second = continueConversation(first, await driver.generate(first, context), 'Two');
  fixture.server.live.queueReplies({ frames: [goAway('50s'), ...spokenReply(['Dos']).frames] });
  const third = continueConversation(second, await driver.generate(second, context), 'Three');
  expect(sessions()).toHaveLength(1);
  expect((await driver.generate(third, context)).text).toBe('Reply 3 of gemini-3.8-live to "Three"');
  expect(notes).toEqual([
    'the service announced the end of the connection: the conversation continues in a resumed session',
  ]);
  // A session can't be resumed while it is open.
  expect(fixture.server.live.peakOpenCount).toBe(1);
});

test('connects through a proxy, which sees only the host', async () => {
  const proxy = await startHttpProxy();
  onTestFinished(() => proxy.close());
  const { text } = await fixture.driver({ resolveProxy: () => proxy.url }).generate(createRequest());
  expect(text).not.toBe('');
  expect(proxy.requestLines).toEqual([`CONNECT 127.0.0.1:${fixture.server.port}`]);
});
