import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { BoticelliDriver, CallContext } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest, MediaPart } from '../../../src/driver/request.js';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { loadMedia } from '../../../src/narrative/parse/load-media.js';
import { canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { overloadedError } from '../../helpers/gemini/errors.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createVideo, mediaBytes } from '../../helpers/media-bytes.js';
import { createRequest, getError, model, readStream } from '../gemini-fixture.js';

let server: GeminiServer;
let driver: BoticelliDriver;
beforeEach(async () => {
  server = await startGeminiServer();
  driver = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url });
});
afterEach(() => server.close());

const megabyte = 1_000_000;

/** One video for all tests that do not change it. */
let largeVideo: Promise<MediaPart> | undefined;
const largeVideoFolder = createTemporaryFolder(afterAll);
function loadLargeVideo(): Promise<MediaPart> {
  largeVideo ??= createPart(createVideo(15_500_000), 'film.mp4', largeVideoFolder);
  return largeVideo;
}

/** Writes a file with these bytes, and loads it as a narrative does. */
async function createPart(
  bytes: Buffer,
  name = 'film.mp4',
  folder = createTemporaryFolder(onTestFinished),
): Promise<MediaPart> {
  writeFileSync(join(folder, name), bytes);
  const loaded = await loadMedia({ source: { file: name }, folder });
  if (!loaded.ok) throw new Error(loaded.problem.message);
  const { mimeType = '', content } = loaded.media;
  return { type: 'media', mimeType, content, name };
}

const createMediaRequest = (...parts: MediaPart[]): GenerateRequest => ({
  model,
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'What is it?' }, ...parts] }],
  parameters: {},
});

/** The media of the nth request, as sent. */
const sentMedia = (call: number) => server.generateRequests[call]?.body.contents.at(-1).parts.slice(1);

function recordNotes(): { context: CallContext; notes: string[] } {
  const notes: string[] = [];
  const emit = (event: DriverEvent) => void (event.type === 'note' && notes.push(`${event.about}: ${event.message}`));
  return { context: { emit }, notes };
}

describe('inline media', () => {
  test('is used for everything up to 15 MB in total, from disk or from memory', async () => {
    const film = createVideo(5 * megabyte);
    const inMemory = await createPart(mediaBytes.png, 'dot.png');
    const onDisk = await createPart(film);
    expect([inMemory.content.from, onDisk.content.from]).toEqual(['bytes', 'file']);
    await driver.generate(createMediaRequest(onDisk, inMemory, onDisk));
    const video = { inlineData: { mimeType: 'video/mp4', data: film.toString('base64') } };
    const dot = { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } };
    expect(sentMedia(0)).toEqual([video, dot, video]);
    expect(server.files.commands).toEqual([]);
  });

  test('is rejected if the file has changed since it was checked', async () => {
    const part = await createPart(createVideo(5 * megabyte));
    if (part.content.from !== 'file') throw new Error('not a file');
    writeFileSync(part.content.path, createVideo(5 * megabyte).fill(1, 100));
    const error = await getError(driver.generate(createMediaRequest(part)));
    expect(error).toMatchObject({ code: 'no_input', message: '"film.mp4" has changed since it was checked' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('uploaded media', () => {
  test('is only the larger file, because the smaller file fits into the request; the pieces arrive byte for byte', async () => {
    const film = createVideo(17 * megabyte);
    const { context, notes } = recordNotes();
    await driver.generate(
      createMediaRequest(await createPart(mediaBytes.png, 'dot.png'), await createPart(film, 'größe 日本.mp4')),
      context,
    );
    expect(server.files.commands).toEqual(['start', 'upload', 'upload', 'upload']);
    const [stored] = [...server.files.files.values()];
    const { content } = await createPart(film);
    expect(stored).toMatchObject({ mimeType: 'video/mp4', sizeBytes: '17000000' });
    expect(stored?.sha256).toBe(content.from === 'file' && content.sha256);
    expect(sentMedia(0)).toEqual([
      { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } },
      { fileData: { mimeType: 'video/mp4', fileUri: stored?.uri } },
    ]);
    expect(notes).toEqual([
      'upload: uploading "größe 日本.mp4" (17.0 MB), because a request that contains it would be too large',
    ]);
  });

  test('is uploaded once for all requests with the same bytes, and deleted when the driver is closed', async () => {
    const film = createVideo(16 * megabyte);
    const [one, other] = [await createPart(film), await createPart(film, 'the-same.mp4')];
    await Promise.all([driver.generate(createMediaRequest(one)), driver.generate(createMediaRequest(other))]);
    await readStream(driver.generateStream(createMediaRequest(one, other)));
    expect(server.files.commands.filter((command) => command === 'start')).toHaveLength(1);
    const uri = [...server.files.files.values()][0]?.uri;
    expect(
      server.generateRequests.flatMap((_, call) => sentMedia(call)).map(({ fileData }) => fileData?.fileUri),
    ).toEqual(Array(4).fill(uri));
    await driver.close?.();
    expect(server.files.commands.filter((command) => command === 'delete')).toHaveLength(1);
    expect(server.files.files.size).toBe(0);
  });

  test('is sent as its URI in a later request too, even if that request could contain the bytes', async () => {
    const [nine, eight] = [
      await createPart(createVideo(9 * megabyte)),
      await createPart(createVideo(8 * megabyte), 'b.mp4'),
    ];
    await driver.generate(createMediaRequest(nine, eight));
    await driver.generate(createMediaRequest(nine));
    const uri = [...server.files.files.values()][0]?.uri;
    expect(sentMedia(1)).toEqual([{ fileData: { mimeType: 'video/mp4', fileUri: uri } }]);
  });

  test('is used only after it was processed', async () => {
    server.files.configure({ processedAtPoll: 3 });
    const clock = createManualClock();
    const waitingDriver = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, clock });
    const { context, notes } = recordNotes();
    await waitingDriver.generate(createMediaRequest(await loadLargeVideo()), context);
    expect(server.files.commands.slice(-3)).toEqual(['get', 'get', 'get']);
    expect(clock.sleepsMs).toEqual([250, 375, 562.5]);
    expect(notes.at(-1)).toBe('upload: "film.mp4" is uploaded and being processed');
  });

  test('is used after it was processed, even if the response to the upload does not name it', async () => {
    server.files.configure({ processedAtPoll: 1, finalBody: { file: { state: 'PROCESSING' } } });
    await driver.generate(createMediaRequest(await loadLargeVideo()));
    const [name] = server.files.files.keys();
    expect(sentMedia(0)[0].fileData.fileUri).toBe(`${server.url}/v1beta/${name}`);
  });

  test('times out if processing takes too long', async () => {
    server.files.configure({ processedAtPoll: 1000 });
    const clock = createManualClock();
    const limitedDriver = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, clock, timeoutMs: 20_000 });
    const error = await getError(limitedDriver.generate(createMediaRequest(await loadLargeVideo())));
    expect(error).toMatchObject({
      code: 'timeout',
      message: 'the service did not finish processing "film.mp4" within 20 s',
    });
    expect(clock.sleepsMs.reduce((sum, ms) => sum + ms, 0)).toBe(20_000);
    await limitedDriver.close?.();
    expect(server.files.files.size).toBe(0);
  });

  test('is uploaded with the key, and an error does not contain the key', async () => {
    server.files.configure({ replaceReplyTo: { command: 'start', status: 400, message: `bad key ${canaryKey}` } });
    const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
    expect(server.files.requests[0]?.headers['x-goog-api-key']).toBe(canaryKey);
    expect(JSON.stringify([error.message, error.hint, error.stack, String(error.cause)])).not.toContain(canaryKey);
  });
});

describe('a failed upload', () => {
  test.each([
    'files/../models/x',
    'files/a/../../tunedModels/x',
    'models/x',
    'files/..',
    'files/a?x=1',
    'https://x/files/a',
  ])(
    'is reported if the service names a file outside of the Files API, and no request is sent for that file: %s',
    async (name) => {
      const uri = `${server.url}/v1beta/files/a`;
      server.files.configure({ finalBody: { file: { name, uri, mimeType: 'video/mp4', state: 'PROCESSING' } } });
      const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
      expect(error).toMatchObject({
        code: 'unavailable',
        message: 'could not upload "film.mp4": the response names a file outside of the Files API',
      });
      await driver.close?.();
      const paths = server.requests.map(({ path }) => path).filter((path) => !path.startsWith('/upload/'));
      expect(paths.every((path) => /^\/v1beta\/files\/boticelli-\w+$/.test(path))).toBe(true);
    },
  );

  test.each([{}, { file: null }, { file: 'x' }, { file: { name: null, uri: 7, state: null } }])(
    'is reported with the name of the file if the upload is answered with %j',
    async (finalBody) => {
      server.files.configure({ finalBody });
      const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(error.message).toContain('"film.mp4"');
    },
  );

  test.each([
    ['start', 400, 'invalid_request', false, 'request rejected: 400 INVALID_ARGUMENT, "no"'],
    ['upload', 403, 'auth', false, 'API key rejected: 403 PERMISSION_DENIED, "no"'],
    ['start', 404, 'unavailable', false, '127.0.0.1:PORT has no Files API (404)'],
    ['start', 429, 'unavailable', true, '429, no'],
    ['upload', 503, 'unavailable', true, '503, no'],
  ])(
    'is reported with the name of the file if %s is answered with %i',
    async (command, status, code, isTransient, description) => {
      server.files.configure({ replaceReplyTo: { command, status, message: 'no' } });
      const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
      const message = `could not upload "film.mp4": ${description.replace('PORT', String(server.port))}`;
      expect(error).toMatchObject({ code, isTransient, message });
      expect(error.constructor.name).toBe('BoticelliError');
      expect(server.generateRequests).toHaveLength(0);
    },
  );

  test.each([
    ['upload', 0, 'could not upload "film.mp4"'],
    ['get', 1, 'could not check whether "film.mp4" is ready'],
  ])('times out if %s gets no response', async (command, processedAtPoll, prefix) => {
    const part = await loadLargeVideo();
    server.files.configure({ processedAtPoll, holdReplyTo: { command, gate: createGate() } });
    const limitedDriver = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, timeoutMs: 2000 });
    const error = await getError(limitedDriver.generate(createMediaRequest(part)));
    expect(error).toMatchObject({ code: 'timeout', message: `${prefix}: one request took longer than 2 s` });
  });

  test.each(['start', 'upload'])('is reported if the response to %s is not from the Files API', async (command) => {
    server.files.configure({ malformedReplyTo: command });
    const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
    expect(error.message).toBe(`could not upload "film.mp4": 127.0.0.1:${server.port} answered with "hello"`);
  });

  test('is reported if the state of the file cannot be read, because the response is empty', async () => {
    server.files.configure({
      processedAtPoll: 1,
      replaceReplyTo: { command: 'get', status: 200, body: '' },
    });
    const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
    expect(error).toMatchObject({ code: 'unavailable', isTransient: true });
    expect(error.message).toMatch(/^could not check whether "film\.mp4" is ready: /);
  });

  test('is reported if the service cannot process the file', async () => {
    server.files.configure({ processedAtPoll: 1, processingError: 'The video is corrupted.' });
    const error = await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
    expect(error).toMatchObject({
      code: 'invalid_request',
      message: 'the service could not process "film.mp4": The video is corrupted.',
    });
    await driver.close?.();
    expect(server.files.files.size).toBe(0);
  });

  test('is repeated by the next attempt', async () => {
    const part = await loadLargeVideo();
    server.files.configure({ replaceReplyTo: { command: 'upload', status: 503, message: 'no' } });
    await getError(driver.generate(createMediaRequest(part)));
    server.files.configure({});
    await driver.generate(createMediaRequest(part));
    expect(server.files.files.size).toBe(1);
    expect(server.generateRequests).toHaveLength(1);
  });
});

test('an abort during an upload ends the call at once with its reason', async () => {
  server.files.configure({ holdReplyTo: { command: 'upload', gate: createGate() } });
  const controller = new AbortController();
  const reason = new Error('enough');
  const work = driver.generate(createMediaRequest(await loadLargeVideo()), { signal: controller.signal });
  await server.files.waitForCommands('upload');
  controller.abort(reason);
  await expect(work).rejects.toBe(reason);
});

test('close deletes uploaded files even if the request failed, and ignores a failed delete', async () => {
  server.queueReplies(overloadedError());
  await getError(driver.generate(createMediaRequest(await loadLargeVideo())));
  server.files.configure({ replaceReplyTo: { command: 'delete', status: 500, message: 'no' } });
  await driver.close?.();
  expect(server.files.commands.at(-1)).toBe('delete');
});

test('sends nothing to the Files API for a request without media', async () => {
  await driver.generate(createRequest());
  await driver.close?.();
  expect(server.files.commands).toEqual([]);
});
