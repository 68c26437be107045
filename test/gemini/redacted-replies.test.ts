import { describe, expect, onTestFinished, test } from 'vitest';
import type { ToolName } from '../../src/facts/tools.js';
import { createRedactor } from '../../src/gemini/api-key.js';
import { createKeyFormRedactor, createStreamRedactor, listKeyForms } from '../../src/gemini/key-forms.js';
import { errorReply } from '../helpers/gemini/errors.js';
import { spokenReply } from '../helpers/gemini/live-replies.js';
import { createChunk, formatSseEvent, packetReply, textReply } from '../helpers/gemini/replies.js';
import { partPerChunkReply } from '../helpers/gemini/tool-replies.js';
import { createGeminiFixture, createRequest, getError, readStream } from './gemini-fixture.js';

const fixture = createGeminiFixture();
const apiKey = 'CANARYKEY/0123456789+abc';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const percentEncoded = [...Buffer.from(apiKey)].map((byte) => `%${byte.toString(16)}`).join('');

const echoes: [string, string][] = [
  ['as it is', apiKey],
  ['in a URL', encodeURIComponent(apiKey)],
  ['with every character escaped', percentEncoded],
  ['in upper-case escapes', percentEncoded.toUpperCase()],
  ['in base64', base64(apiKey)],
  ['in base64, after one byte', base64(`:${apiKey}:`)],
  ['in base64, after two bytes', base64(`u:${apiKey} and more`)],
  ['in base64url', Buffer.from(apiKey).toString('base64url')],
  ['in hexadecimal', Buffer.from(apiKey).toString('hex')],
];

/** The middle of an echo. In base64, the ends may remain, because they also encode the text around the key. */
const core = (echo: string) => echo.slice(4, -6);

describe.each(echoes)('a key that is echoed %s', (_name, echo) => {
  test('is redacted in the text, the model name and the turn of a reply', async () => {
    fixture.server.queueReplies({
      body: JSON.stringify({
        candidates: [{ content: { role: 'model', parts: [{ text: `It is ${echo}.` }] }, finishReason: 'STOP' }],
        modelVersion: `m-${echo}`,
      }),
    });
    const response = await fixture.driver({ apiKey }).generate(createRequest());
    expect(response.text).toMatch(/^It is .*\[key\].*\.$/);
    expect(response.model).toMatch(/^m-.*\[key\]/);
    expect(JSON.stringify(response)).not.toContain(core(echo));
  });

  test('is redacted in a stream that splits it into pieces', async () => {
    const text = `It is ${echo}.`;
    const pieces = text.match(/.{1,5}/g) ?? [];
    fixture.server.queueReplies(textReply(pieces));
    const { text: streamed, response } = await readStream(fixture.driver({ apiKey }).generateStream(createRequest()));
    expect(streamed).toMatch(/\[key\]/);
    expect(streamed).not.toContain(core(echo));
    expect(response?.text).toBe(streamed);
  });

  test('is redacted in an error, even if white space splits the key', async () => {
    const split = `${echo.slice(0, 9)}\n  ${echo.slice(9)}`;
    for (const text of [echo, split]) {
      fixture.server.queueReplies(errorReply(400, `Bad key ${text}, sorry`));
      const { message } = await getError(fixture.driver({ apiKey }).generate(createRequest()));
      expect(message).toMatch(/Bad key .*\[key\].*, sorry/);
      expect(message).not.toContain(echo.slice(4, 9));
    }
  });
});

test.each(echoes)(
  'a key that is echoed %s is redacted even if a long text is cut in the middle of the key',
  async (_name, echo) => {
    /** A text that is longer than the limit. Shortening it to the limit cuts it after 20 characters of the echo. */
    const echoAcross = (limit: number) => 'x'.repeat(limit - 20) + echo;
    fixture.server.queueReplies(
      partPerChunkReply([{ executableCode: { language: 'PYTHON', code: echoAcross(100_000) } }, { text: 'Done.' }], {
        groundingMetadata: {
          webSearchQueries: [echoAcross(500)],
          groundingChunks: [{ web: { uri: 'https://a.example/', title: echoAcross(500) } }],
        },
      }),
    );
    const tools = ['google_search', 'code_execution'] satisfies ToolName[];
    const response = await fixture.driver({ apiKey }).generate(createRequest('Hi', { parameters: { tools } }));
    expect(JSON.stringify(response).match(/\[key\]…/g)).toHaveLength(3);
    expect(JSON.stringify(response)).not.toContain(echo.slice(4, 12));
  },
);

test.each(echoes)(
  'a key that is echoed %s is redacted even if the reply ends before the end of the key',
  async (_, echo) => {
    const text = `It is ${echo.slice(0, 16)}`;
    // In base64, up to three characters before the key also encode the text before it.
    const redacted = expect.stringMatching(/^It is \w{0,3}\[key\]$/);
    fixture.server.queueReplies(textReply(text), textReply(text.match(/.{1,5}/g) ?? []));
    const driver = fixture.driver({ apiKey });
    const unary = await driver.generate(createRequest());
    expect(unary.text).toEqual(redacted);
    expect(JSON.stringify(unary)).not.toContain(echo.slice(4, 12));
    const { text: streamed, response } = await readStream(driver.generateStream(createRequest()));
    expect([streamed, response?.text]).toEqual([redacted, redacted]);
    fixture.server.queueReplies(packetReply(formatSseEvent(createChunk(text))));
    const { error } = await readStream(driver.generateStream(createRequest()));
    expect(error).toMatchObject({ code: 'stream_interrupted', partialText: redacted });
  },
);

test('redacts the cut beginning of a key that repeats itself once', () => {
  const redact = createKeyFormRedactor(['ab'.repeat(20)]);
  expect(redact(`It is ${'ab'.repeat(15)}…`)).toBe('It is [key]…');
});

test('redacts the partial text of an interrupted stream', async () => {
  fixture.server.queueReplies(packetReply(formatSseEvent(createChunk(`It is ${apiKey}.`))));
  const { error } = await readStream(fixture.driver({ apiKey }).generateStream(createRequest()));
  expect(error).toMatchObject({ code: 'stream_interrupted', partialText: 'It is [key].' });
});

test('redacts the transcript of a Live model', async () => {
  fixture.server.live.queueReplies(spokenReply(['It is ', apiKey.slice(0, 7), apiKey.slice(7), '.']));
  const driver = fixture.driver({ apiKey });
  onTestFinished(() => driver.close?.());
  const { text, response } = await readStream(driver.generateStream(createRequest('Hi', { model: 'gemini-3.8-live' })));
  expect([text, response?.text]).toEqual(['It is [key].', 'It is [key].']);
});

test('does not redact a key of fewer than 16 characters in replies, because it may be an ordinary word', async () => {
  fixture.server.queueReplies(textReply('This is a placeholder.'));
  const { text } = await fixture.driver({ apiKey: 'placeholder' }).generate(createRequest());
  expect(text).toBe('This is a placeholder.');
});

test('rejects a key of more than 8192 characters without printing it, and can redact keys of any length', async () => {
  const long = 'K'.repeat(40_000);
  const error = await getError(fixture.driver({ apiKey: long }).generate(createRequest()));
  expect(error).toMatchObject({ code: 'auth', message: 'the API key has more than 8192 characters' });
  expect(createRedactor(long)(`a ${long} b`)).toBe('a [key] b');
  expect(createRedactor('k/'.repeat(600))(`a ${'k%2F'.repeat(600)} b`)).toBe('a [key] b');
});

test('a stream holds back only what may be the beginning of a key', () => {
  const redactor = createStreamRedactor(listKeyForms(apiKey));
  const passed = ['Hello ', 'CAN', ' CANARYKEY/', 'x', 'C', 'ANARYKEY/0123456789+abc', 'end C'].map(redactor.push);
  expect(passed).toEqual(['Hello ', '', 'CAN ', 'CANARYKEY/x', '', '[key]', 'end ']);
  expect(redactor.flush()).toBe('C');
});

test('the redaction of replies keeps their usage', async () => {
  fixture.server.queueReplies(textReply('Hi.'));
  const { usage } = await fixture.driver({ apiKey }).generate(createRequest());
  expect(usage.promptTokens).toBeGreaterThan(0);
});
