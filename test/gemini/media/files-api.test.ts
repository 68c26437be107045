import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { BoticelliDriver, CallContext } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest, MediaPart } from '../../../src/driver/request.js';
import { createGeminiDriver } from '../../../src/gemini/driver.js';
import { loadMedia } from '../../../src/narrative/parse/load-media.js';
import { canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { overloadedError } from '../../helpers/gemini-errors.js';
import { createGate } from '../../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini-server.js';
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

/** The same film for all tests that do nothing to it. */
let large: Promise<MediaPart> | undefined;
const largeFolder = createTemporaryFolder(afterAll);
function largeFilm(): Promise<MediaPart> {
  large ??= partOf(createVideo(15_500_000), 'film.mp4', largeFolder);
  return large;
}

/** A part as a narrative makes it of a file with these bytes. */
async function partOf(
  bytes: Buffer,
  name = 'film.mp4',
  folder = createTemporaryFolder(onTestFinished),
): Promise<MediaPart> {
  writeFileSync(join(folder, name), bytes);
  const loaded = await loadMedia({ source: { file: name }, folder });
  if ('problem' in loaded) throw new Error(loaded.problem.message);
  const { mimeType = '', content } = loaded.media;
  return { type: 'media', mimeType, content, name };
}

const asking = (...parts: MediaPart[]): GenerateRequest => ({
  model,
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'What is it?' }, ...parts] }],
  parameters: {},
});

/** The media of the nth call as they were on the wire. */
const sentIn = (call: number) => server.generateRequests[call]?.body.contents.at(-1).parts.slice(1);

function noting(): { context: CallContext; notes: string[] } {
  const notes: string[] = [];
  const emit = (event: DriverEvent) => void (event.type === 'note' && notes.push(`${event.about}: ${event.message}`));
  return { context: { emit }, notes };
}

describe('what goes along in the request', () => {
  test('is all that is not larger than 15 MB together, read from disk or held', async () => {
    const film = createVideo(5 * megabyte);
    const held = await partOf(mediaBytes.png, 'dot.png');
    const read = await partOf(film);
    expect([held.content.from, read.content.from]).toEqual(['bytes', 'file']);
    await driver.generate(asking(read, held, read));
    const whole = { inlineData: { mimeType: 'video/mp4', data: film.toString('base64') } };
    const dot = { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } };
    expect(sentIn(0)).toEqual([whole, dot, whole]);
    expect(server.files.commands).toEqual([]);
  });

  test('is refused where the file has changed since it was checked', async () => {
    const part = await partOf(createVideo(5 * megabyte));
    if (part.content.from !== 'file') throw new Error('not a file');
    writeFileSync(part.content.path, createVideo(5 * megabyte).fill(1, 100));
    const error = await getError(driver.generate(asking(part)));
    expect(error).toMatchObject({ code: 'no_input', message: '"film.mp4" has changed since it was checked' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('what goes ahead', () => {
  test('is the largest until the rest is small enough, in pieces, byte for byte', async () => {
    const film = createVideo(17 * megabyte);
    const { context, notes } = noting();
    await driver.generate(
      asking(await partOf(mediaBytes.png, 'dot.png'), await partOf(film, 'größe 日本.mp4')),
      context,
    );
    expect(server.files.commands).toEqual(['start', 'upload', 'upload', 'upload']);
    const [stored] = [...server.files.files.values()];
    const { content } = await partOf(film);
    expect(stored).toMatchObject({ mimeType: 'video/mp4', sizeBytes: '17000000' });
    expect(stored?.sha256).toBe(content.from === 'file' && content.sha256);
    expect(sentIn(0)).toEqual([
      { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } },
      { fileData: { mimeType: 'video/mp4', fileUri: stored?.uri } },
    ]);
    expect(notes).toEqual([
      'upload: sending "größe 日本.mp4" ahead (17.0 MB), for with it the request would be too large',
    ]);
  });

  test('goes once, however many requests have it and however they come by it, and is deleted at the end', async () => {
    const film = createVideo(16 * megabyte);
    const [one, other] = [await partOf(film), await partOf(film, 'the-same.mp4')];
    await Promise.all([driver.generate(asking(one)), driver.generate(asking(other))]);
    await readStream(driver.generateStream(asking(one, other)));
    expect(server.files.commands.filter((command) => command === 'start')).toHaveLength(1);
    const uri = [...server.files.files.values()][0]?.uri;
    expect(server.generateRequests.flatMap((_, call) => sentIn(call)).map(({ fileData }) => fileData?.fileUri)).toEqual(
      Array(4).fill(uri),
    );
    await driver.close?.();
    expect(server.files.commands.filter((command) => command === 'delete')).toHaveLength(1);
    expect(server.files.files.size).toBe(0);
  });

  test('stays a reference for a later request in which it would be small enough', async () => {
    const [nine, eight] = [await partOf(createVideo(9 * megabyte)), await partOf(createVideo(8 * megabyte), 'b.mp4')];
    await driver.generate(asking(nine, eight));
    await driver.generate(asking(nine));
    const uri = [...server.files.files.values()][0]?.uri;
    expect(sentIn(1)).toEqual([{ fileData: { mimeType: 'video/mp4', fileUri: uri } }]);
  });

  test('is waited for until it was processed', async () => {
    server.files.configure({ processingPolls: 3 });
    const clock = createManualClock();
    const patient = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, clock });
    const { context, notes } = noting();
    await patient.generate(asking(await largeFilm()), context);
    expect(server.files.commands.slice(-3)).toEqual(['get', 'get', 'get']);
    expect(clock.sleepsMs).toEqual([250, 375, 562.5]);
    expect(notes.at(-1)).toBe('upload: "film.mp4" is there and being processed');
  });

  test('is waited for no longer than the timeout', async () => {
    server.files.configure({ processingPolls: 1000 });
    const clock = createManualClock();
    const hasty = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, clock, timeoutMs: 20_000 });
    const error = await getError(hasty.generate(asking(await largeFilm())));
    expect(error).toMatchObject({ code: 'timeout', message: 'the service was not done with "film.mp4" within 20 s' });
    expect(clock.sleepsMs.reduce((sum, ms) => sum + ms, 0)).toBe(20_000);
    await hasty.close?.();
    expect(server.files.files.size).toBe(0);
  });

  test('sends the key to the service alone, and shows it nowhere', async () => {
    server.files.configure({ rejectCommand: { command: 'start', status: 400, message: `bad key ${canaryKey}` } });
    const error = await getError(driver.generate(asking(await largeFilm())));
    expect(server.files.requests[0]?.headers['x-goog-api-key']).toBe(canaryKey);
    expect(JSON.stringify([error.message, error.hint, error.stack, String(error.cause)])).not.toContain(canaryKey);
  });
});

describe('what can not go ahead', () => {
  test.each([
    ['start', 400, 'invalid_request', false, "the service can't take this request: 400 INVALID_ARGUMENT, no"],
    ['upload', 403, 'auth', false, 'the service refused the API key: 403 PERMISSION_DENIED, no'],
    ['start', 404, 'unavailable', false, '127.0.0.1:PORT has no Files API (404)'],
    ['start', 429, 'unavailable', true, '429, no'],
    ['upload', 503, 'unavailable', true, '503, no'],
  ])('is told by its name: %s answered with %i', async (command, status, code, isTransient, words) => {
    server.files.configure({ rejectCommand: { command, status, message: 'no' } });
    const error = await getError(driver.generate(asking(await largeFilm())));
    const message = `"film.mp4" could not be sent ahead: ${words.replace('PORT', String(server.port))}`;
    expect(error).toMatchObject({ code, isTransient, message });
    expect(error.constructor.name).toBe('BoticelliError');
    expect(server.generateRequests).toHaveLength(0);
  });

  test.each([
    ['upload', 0, '"film.mp4" could not be sent ahead'],
    ['get', 1, 'the service did not say whether "film.mp4" can be used yet'],
  ])('is told where there is no answer to %s in time', async (command, processing, words) => {
    const part = await largeFilm();
    server.files.configure({ processingPolls: processing, gate: { command, gate: createGate() } });
    const hasty = createGeminiDriver({ apiKey: canaryKey, baseUrl: server.url, timeoutMs: 700 });
    const error = await getError(hasty.generate(asking(part)));
    expect(error).toMatchObject({ code: 'timeout', message: `${words}: one request took longer than 0.7 s` });
  });

  test.each(['start', 'upload'])('is told where the answer to %s is none of the Files API', async (nonsense) => {
    server.files.configure({ malformedCommand: nonsense });
    const error = await getError(driver.generate(asking(await largeFilm())));
    expect(error.message).toBe(`"film.mp4" could not be sent ahead: 127.0.0.1:${server.port} answered with "hello"`);
  });

  test('is told where the service can not process it', async () => {
    server.files.configure({ processingPolls: 1, processingError: 'The video is corrupted.' });
    const error = await getError(driver.generate(asking(await largeFilm())));
    expect(error).toMatchObject({
      code: 'invalid_request',
      message: 'the service could not process "film.mp4": The video is corrupted.',
    });
    await driver.close?.();
    expect(server.files.files.size).toBe(0);
  });

  test('is tried anew by the next attempt, and only then counted as sent', async () => {
    const part = await largeFilm();
    server.files.configure({ rejectCommand: { command: 'upload', status: 503, message: 'no' } });
    await getError(driver.generate(asking(part)));
    server.files.configure({});
    await driver.generate(asking(part));
    expect(server.files.files.size).toBe(1);
    expect(server.generateRequests).toHaveLength(1);
  });

  test('ends at once with the caller, whose reason it rejects with', async () => {
    server.files.configure({ gate: { command: 'upload', gate: createGate() } });
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = driver.generate(asking(await largeFilm()), { signal: controller.signal });
    await server.files.waitForCommands('upload');
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });
});

test('a failed run leaves nothing behind, and a delete that fails is no failure', async () => {
  server.queueReplies(overloadedError());
  await getError(driver.generate(asking(await largeFilm())));
  server.files.configure({ rejectCommand: { command: 'delete', status: 500, message: 'no' } });
  await driver.close?.();
  expect(server.files.commands.at(-1)).toBe('delete');
});

test('a request without media loads and closes nothing', async () => {
  await driver.generate(createRequest());
  await driver.close?.();
  expect(server.files.commands).toEqual([]);
});
