import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { createVideo } from '../../helpers/media-bytes.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

const source = `
[narrative]
name = "film"
[toc]
order = ["first", "look"]
[media.film]
file = "film.mp4"
[acts]
first = "Say hello."
look = ["media.film", "What happens?"]
`;

/**
 * Runs a narrative whose second act shows a film of `bytes` bytes. Calls `change` with the path of the film while the
 * first act waits for its reply. Returns the exit code and the first line of standard error.
 */
async function runWhileChanging(bytes: number, change: (path: string) => void, run: typeof runInProcess) {
  const cwd = createTemporaryFolder(onTestFinished, { 'film.toml': source });
  // `run` may run the program as another user. That user must be able to create the state folder here.
  chmodSync(cwd, 0o777);
  const film = join(cwd, 'film.mp4');
  writeFileSync(film, createVideo(bytes));
  server.queueReplies(() => {
    change(film);
    return textReply('Hello.');
  });
  const options = { server, cwd, env: { BOTICELLI_STATE_DIR: join(cwd, 'state') } };
  const { code, stderr } = await run(['run', 'film.toml', '-q', '--no-rate-limit'], options);
  const [firstLine] = stderr.split('\n');
  return { code, message: firstLine };
}

/** Runs the program as another user if the tests run as root, because root can read every file. */
const runAsSomebodyElse: typeof runInProcess = (args, options) =>
  runBoticelli(args, { ...options, ...(process.getuid?.() === 0 && { uid: 65_534 }) });

function replaceFile(command: 'mkfifo' | 'mkdir', path: string): void {
  rmSync(path);
  execFileSync(command, [path]);
}

describe.skipIf(process.platform === 'win32').each([
  ['would be sent inline', 8_000_000],
  ['would first be uploaded through the Files API', 16_000_000],
])('a video that %s, but has changed when its act runs', (_way, bytes) => {
  test.each<[string, (path: string) => void, string]>([
    ['was deleted', (path) => rmSync(path), 'can no longer be read: ENOENT'],
    ['lost its read permission', (path) => chmodSync(path, 0), 'can no longer be read: EACCES'],
    ['shrank', (path) => truncateSync(path, 5_000_000), 'has changed since it was checked'],
    ['grew', (path) => appendFileSync(path, 'x'), 'has changed since it was checked'],
    [
      'was overwritten with other content of the same size',
      (path) => writeFileSync(path, createVideo(bytes).fill(1, 100)),
      'has changed since it was checked',
    ],
    ['was replaced by a named pipe', (path) => replaceFile('mkfifo', path), 'is no longer a regular file'],
    ['was replaced by a folder', (path) => replaceFile('mkdir', path), 'is no longer a regular file'],
  ])('ends the run with 66 and an error that names it: the video %s', async (_what, change, problem) => {
    const run = problem.endsWith('EACCES') ? runAsSomebodyElse : runInProcess;
    expect(await runWhileChanging(bytes, change, run)).toEqual({
      code: 66,
      message: `boticelli: look: "film.mp4" ${problem}`,
    });
  });
});
