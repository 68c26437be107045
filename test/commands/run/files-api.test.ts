import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  canaryKey,
  createTemporaryFolder,
  type RunningProcess,
  runBoticelli,
  startBoticelli,
} from '../../helpers/boticelli.js';
import { invalidKeyError } from '../../helpers/gemini/errors.js';
import { createGate, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { createVideo } from '../../helpers/media-bytes.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const threeActs = `
[narrative]
name = "film"
[toc]
order = ["look", "count", "title"]
[media.film]
file = "film.mp4"
[acts]
look = ["media.film", "What happens?"]
count = ["How many people are in it?", "media.film"]
[[acts.title.input]]
type = "video"
ref = "media.film"
[[acts.title.input]]
type = "text"
content = "Give it a title."
`;

/** Creates a folder with a narrative of three acts that all show one film of 20 MB. */
function createFilmFolder(): string {
  const folder = createTemporaryFolder(onTestFinished, { 'film.toml': threeActs });
  writeFileSync(join(folder, 'film.mp4'), createVideo(20_000_000));
  return folder;
}

/** The commands that the Files API received, except those that send parts of the file. */
const commands = () => server.files.commands.filter((command) => command !== 'upload');

/** The addresses of the film in the request with this index, one for each turn that shows the film. */
const getFilmUris = (index: number): string[] =>
  server.generateRequests[index]?.body.contents.flatMap(({ parts }: { parts: { fileData?: { fileUri: string } }[] }) =>
    parts.flatMap(({ fileData }) => fileData?.fileUri ?? []),
  );

test('uploads a video of 20 MB once for three acts, and deletes it at the end', async () => {
  const { code, stdout, stderr } = await runBoticelli(['run', 'film.toml', '-o', 'ndjson'], {
    server,
    cwd: createFilmFolder(),
  });
  expect({ code, commands: commands() }).toEqual({ code: 0, commands: ['start', 'delete'] });
  expect(server.files.requests.reduce((sum, { command, bytes }) => sum + (command === 'upload' ? bytes : 0), 0)).toBe(
    20_000_000,
  );
  const [uri] = getFilmUris(0);
  expect(uri).toMatch(/\/v1beta\/files\/boticelli-/);
  expect([getFilmUris(0), getFilmUris(1), getFilmUris(2)]).toEqual([[uri], [uri, uri], [uri, uri, uri]]);
  expect(server.files.files.size).toBe(0);
  expect(stderr).toContain('look: uploading "film.mp4" (20.0 MB)');
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.filter(({ type }) => type === 'act-note')).toMatchObject([{ act: 'look', about: 'upload' }]);
  expect(stdout + stderr).not.toContain(canaryKey);
});

test('deletes the video when the run fails in the middle', async () => {
  server.queueReplies(textReply('A film.'), invalidKeyError());
  const { code } = await runInProcess(['run', 'film.toml'], { server, cwd: createFilmFolder() });
  expect({ code, commands: commands(), left: server.files.files.size }).toEqual({
    ...{ code: 77, commands: ['start', 'delete'], left: 0 },
  });
});

describe('an interruption', () => {
  /** Interrupts a run, waits for its end, and returns the signal that killed it. */
  async function interrupt(running: RunningProcess) {
    running.child.kill('SIGINT');
    return (await running.result).signal;
  }

  test('deletes the video if it comes during the second act', async () => {
    server.queueReplies(textReply('A film.'), { end: 'stall-before-headers' });
    const running = startBoticelli(['run', 'film.toml', '--stream'], { server, cwd: createFilmFolder() });
    await server.waitForRequests(2);
    expect(await interrupt(running)).toBe('SIGINT');
    expect({ commands: commands(), left: server.files.files.size }).toEqual({ commands: ['start', 'delete'], left: 0 });
  });

  test('ends the run before a prompt is sent if it comes during the upload', async () => {
    server.files.configure({ holdReplyTo: { command: 'upload', gate: createGate() } });
    const sending = startBoticelli(['run', 'film.toml'], { server, cwd: createFilmFolder() });
    await server.files.waitForCommands('upload');
    expect(await interrupt(sending)).toBe('SIGINT');
    expect(server.generateRequests).toHaveLength(0);
  });

  test('deletes the video if it comes while the service processes the video', async () => {
    server.files.configure({ processedAtPoll: 1000 });
    const processing = startBoticelli(['run', 'film.toml'], { server, cwd: createFilmFolder() });
    await server.files.waitForCommands('get');
    expect(await interrupt(processing)).toBe('SIGINT');
    expect({ last: commands().at(-1), left: server.files.files.size }).toEqual({ last: 'delete', left: 0 });
  });
});

test('a run ends with 0 even if the request that deletes the video gets no response', async () => {
  server.files.configure({ holdReplyTo: { command: 'delete', gate: createGate() } });
  const running = startBoticelli(['run', 'film.toml'], { server, cwd: createFilmFolder() });
  const { code } = await running.result;
  expect(code).toBe(0);
});

test('if the Files API rejects an upload, the error has the file name, and the exit code is that of the rejection', async () => {
  server.files.configure({ replaceReplyTo: { command: 'start', status: 400, message: 'Storage is full.' } });
  const { code, stderr } = await runInProcess(['run', 'film.toml'], { server, cwd: createFilmFolder() });
  expect(code).toBe(69);
  expect(stderr).toContain(
    'boticelli: look: could not upload "film.mp4": request rejected: 400 INVALID_ARGUMENT, "Storage is full"\n',
  );
});

describe('if the service does not say whether a video is ready', () => {
  const problem = 'could not check whether "film.mp4" is ready';

  test.each([503, 429])(
    'the run asks for the state of the video again up to --retries times, and then ends with the error: %i',
    async (status) => {
      server.files.configure({
        processedAtPoll: 1000,
        replaceReplyTo: { command: 'get', status, message: 'Come back later' },
      });
      const cwd = createFilmFolder();
      const ended = await runInProcess(['run', 'film.toml', '--retries', '1', '--timeout', '8s'], { server, cwd });
      const failure = `${problem}: ${status}, Come back later`;
      expect(ended).toMatchObject({ code: 69, stderr: expect.stringContaining(`boticelli: look: ${failure}\n`) });
      expect(ended.stderr).toContain(`look: attempt 1 failed: ${failure}; retrying in 0.`);
      expect(commands()).toEqual(['start', 'get', 'get', 'delete']);
      expect(server.generateRequests).toHaveLength(0);
    },
  );

  test('the run continues when the service responds again, without a second upload', async () => {
    server.files.configure({
      processedAtPoll: 1000,
      replaceReplyTo: { command: 'get', status: 503, message: 'Come back later' },
    });
    const running = startBoticelli(['run', 'film.toml', '-q'], { server, cwd: createFilmFolder() });
    await server.files.waitForCommands('get');
    // From here on, the service responds: first that the video is not ready, then that it is.
    server.files.configure({ processedAtPoll: 2 });
    expect(await running.result).toMatchObject({ code: 0, stderr: '' });
    expect(commands()).toEqual(['start', 'get', 'get', 'get', 'delete']);
  });
});

test('a rehearsal uploads nothing and says what it would send', async () => {
  const { stdout } = await runInProcess(['run', 'film.toml', '--rehearse', '--last'], { cwd: createFilmFolder() });
  expect(stdout).toContain('would reply to 20000000 bytes of video/mp4 and “Give it a title.”');
});
