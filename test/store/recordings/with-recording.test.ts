import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BoticelliDriver } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest, Turn } from '../../../src/driver/request.js';
import { BoticelliError } from '../../../src/errors.js';
import { openRecording } from '../../../src/store/recordings/recording-file.js';
import { createReplayDriver } from '../../../src/store/recordings/replay-driver.js';
import { withRecording } from '../../../src/store/recordings/with-recording.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const user = (text: string): Turn => ({ role: 'user', parts: [{ type: 'text', text }] });
const model = (text: string): Turn => ({ role: 'model', text, model: 'm' });
const createRequest = (...turns: Turn[]): GenerateRequest => ({ model: 'm', turns, parameters: {} });
const newPath = () => join(createTemporaryFolder(onTestFinished), 'recording.ndjson');

/** A driver that records a new run, and a function that ends the run. */
function createRecorder(path: string, scripts: ScriptedCall[] = []) {
  const file = openRecording(path);
  return { driver: withRecording(file, createScriptedDriver(scripts)), finish: () => file.finish() };
}
const readEntries = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const readPrompts = (path: string) => readEntries(path).map(({ request }) => request.asked[0].text);

/** A driver that streams a spoken reply as a Live model does: `bytes` bytes of audio, with their transcript as text. */
function createSpeakingDriver(bytes: number): BoticelliDriver {
  const inner = createScriptedDriver([{ pieces: ['Spoken ', 'words'] }]);
  const audio = { pcm: Uint8Array.from({ length: bytes }, (_, at) => at % 251), sampleRate: 24_000 };
  return {
    ...inner,
    async *generateStream(request, context) {
      for await (const chunk of inner.generateStream(request, context)) {
        yield chunk.response ? { ...chunk, response: { ...chunk.response, audio } } : chunk;
      }
    },
  };
}

describe('a spoken reply', () => {
  const recordAudio = async (bytes: number) => {
    const path = newPath();
    const file = openRecording(path);
    for await (const _ of withRecording(file, createSpeakingDriver(bytes)).generateStream(createRequest(user('Q'))));
    file.finish();
    return path;
  };

  test('is replayed with its audio', async () => {
    const driver = createReplayDriver(await recordAudio(4800));
    const pieces: string[] = [];
    for await (const { text, response } of driver.generateStream(createRequest(user('Q')))) {
      pieces.push(text);
      if (!response) continue;
      expect(response).toMatchObject({ text: 'Spoken words', reused: true, audio: { sampleRate: 24_000 } });
      expect(response.audio?.pcm.byteLength).toBe(4800);
      expect(response.audio?.pcm[4799]).toBe(4799 % 251);
    }
    expect(pieces.join('')).toBe('Spoken words');
  });

  test('with more than 1 MB of audio is replayed as text, with a note', async () => {
    const path = await recordAudio(1_000_001);
    expect(statSync(path).size).toBeLessThan(1000);
    const events: DriverEvent[] = [];
    const response = await createReplayDriver(path).generate(createRequest(user('Q')), {
      emit: (event) => events.push(event),
    });
    expect(response).toMatchObject({ text: 'Spoken words' });
    expect(response.audio).toBeUndefined();
    expect(events).toMatchObject([{ type: 'note', about: 'reply' }]);
  });
});

test('a reply is in the file before it is returned, and nothing is written for a request that fails', async () => {
  const path = newPath();
  const { driver } = createRecorder(path, [{ pieces: ['one'] }, { error: new Error('broken') }]);
  await driver.generate(createRequest(user('a')));
  expect(readPrompts(path)).toEqual(['a']);
  await expect(driver.generate(createRequest(user('b')))).rejects.toThrow('broken');
  expect(readPrompts(path)).toEqual(['a']);
});

test('the end of a run sorts the lines by the length of the conversation, then by the prompt', async () => {
  const path = newPath();
  const { driver, finish } = createRecorder(path);
  await driver.generate(createRequest(user('a'), model('Reply 1'), user('b')));
  await driver.generate(createRequest(user('z')));
  await driver.generate(createRequest(user('a')));
  finish();
  expect(readPrompts(path)).toEqual(['a', 'z', 'b']);
});

test('the end of a run removes the requests whose conversation contains a replaced reply, and keeps all others', async () => {
  const path = newPath();
  const first = createRecorder(path, [
    { pieces: ['old'] },
    { pieces: ['x'] },
    { pieces: ['other'] },
    { pieces: ['y'] },
  ]);
  await first.driver.generate(createRequest(user('a')));
  await first.driver.generate(createRequest(user('a'), model('old'), user('b')));
  await first.driver.generate(createRequest(user('c')));
  await first.driver.generate(createRequest(user('c'), model('other'), user('d')));
  first.finish();
  const second = createRecorder(path, [{ pieces: ['new'] }]);
  await second.driver.generate(createRequest(user('a')));
  second.finish();
  expect(readPrompts(path)).toEqual(['a', 'c', 'd']);
});

test('the replies of two runs that record into one file at the same time are all kept', async () => {
  const path = newPath();
  const [one, two] = [createRecorder(path), createRecorder(path)];
  await one.driver.generate(createRequest(user('a')));
  await two.driver.generate(createRequest(user('b')));
  one.finish();
  await two.driver.generate(createRequest(user('c')));
  two.finish();
  expect(readPrompts(path)).toEqual(['a', 'b', 'c']);
});

test('a file with an empty line that ends in CRLF, and without a final newline, is read and extended', async () => {
  const path = newPath();
  const first = createRecorder(path);
  await first.driver.generate(createRequest(user('a')));
  first.finish();
  writeFileSync(path, `\r\n${readFileSync(path, 'utf8').trimEnd()}`);
  expect((await createReplayDriver(path).generate(createRequest(user('a')))).text).toBe('Reply 1');
  const second = createRecorder(path);
  await second.driver.generate(createRequest(user('b')));
  second.finish();
  expect(readPrompts(path)).toEqual(['a', 'b']);
});

describe('the reported difference from the most similar request', () => {
  const conversation = ['Tell me of whales', 'Whales are large', 'Make that shorter'];
  const [first = '', reply = '', last = ''] = conversation;
  const describeDifference = async (request: GenerateRequest) => {
    const path = newPath();
    const { driver, finish } = createRecorder(path, [{ pieces: [reply] }, { pieces: ['Large'] }]);
    await driver.generate(createRequest(user(first)));
    await driver.generate(createRequest(user(first), model(reply), user(last)));
    finish();
    return createReplayDriver(path)
      .generate(request)
      .then(String, (error: Error) => error.message.replace(`${path} `, ''));
  };

  test.each<[string, GenerateRequest, RegExp]>([
    [
      'an earlier prompt',
      createRequest(user('Tell me of seals'), model(reply), user(last)),
      /turn 1 of 3, a prompt: Tell me of \[-whales-\]\{\+seals\+\}$/,
    ],
    [
      'an earlier reply',
      createRequest(user(first), model('Whales are small'), user(last)),
      /turn 2 of 3, a reply: Whales are \[-large-\]\{\+small\+\}$/,
    ],
    ['the model', { ...createRequest(user(first)), model: 'n' }, /the model: it was m, now n$/],
    [
      'a parameter',
      { ...createRequest(user(first)), parameters: { topK: 3 } },
      /the parameters: topK was not set, now 3$/,
    ],
    [
      'the length of the conversation',
      createRequest(user(last)),
      /the number of turns before the prompt: it was 2, now 0$/,
    ],
    ['white space', createRequest(user(`${first} `)), /turn 1 of 1, the prompt: Tell me of whales\{\+ \+\}$/],
  ])('is %s', async (_, request, message) => {
    expect(await describeDifference(request)).toMatch(message);
  });
});

test('a URL is recorded without its user name, password and query, but requests are still distinguished by the query', async () => {
  const path = newPath();
  const { driver, finish } = createRecorder(path);
  const film = (query: string): GenerateRequest =>
    createRequest({
      role: 'user',
      parts: [{ type: 'media', content: { from: 'url-to-fetch', url: `https://me:secret@h.example/a?t=${query}` } }],
    });
  await driver.generate(film('hidden'));
  finish();
  expect(readFileSync(path, 'utf8')).toContain('"url":"https://h.example/a"');
  expect(readFileSync(path, 'utf8')).not.toMatch(/secret|hidden/);
  expect((await createReplayDriver(path).generate(film('hidden'))).text).toBe('Reply 1');
  await expect(createReplayDriver(path).generate(film('other'))).rejects.toMatchObject({
    code: 'not_recorded',
    message: expect.stringContaining('in a part of the prompt that is not text'),
  });
});

test('a reply that cannot be written is not returned, and its usage is reported', async () => {
  const add = () => {
    throw new BoticelliError('output_failed', 'the disk is full');
  };
  const driver = withRecording({ add }, createScriptedDriver());
  const events: DriverEvent[] = [];
  const context = { emit: (event: DriverEvent) => void events.push(event) };
  await expect(driver.generate(createRequest(user('Q')), context)).rejects.toThrow('the disk is full');
  expect(events).toMatchObject([{ type: 'spent', usage: { promptTokens: 10 } }]);
});
