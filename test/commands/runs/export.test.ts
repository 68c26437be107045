import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

test('writes control characters of a reply only where standard output is not a terminal', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const reply = '\u001b]0;PWNED\u0007\u009b31mred \u202egnirts';
  server.queueReplies(textReply(reply, { modelVersion: 'm-\u001b[2J\u202e' }));
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': '[narrative]\nname = "n\u202e"\n[toc]\norder = ["a"]\n[acts]\na = "x"\n',
  });
  const env = {
    GEMINI_API_KEY: canaryKey,
    GOOGLE_GEMINI_BASE_URL: server.url,
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
    NO_COLOR: '1',
    CI: '1',
  };
  const run = (isTerminal: boolean, ...args: string[]) => runInProcess(args, { cwd, env, isTerminal });
  expect(await run(true, 'run', join(cwd, 'n.toml'))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('␛]0;PWNED␇'),
    stderr: expect.not.stringMatching(unsafe),
  });
  for (const args of [
    ['runs'],
    ['runs', 'show'],
    ['runs', 'export'],
    ['runs', 'export', '--format', 'markdown'],
    ['limits'],
  ]) {
    const { code, stdout } = await run(true, ...args);
    expect({ args, code }).toEqual({ args, code: 0 });
    expect(stdout).not.toMatch(unsafe);
  }
  expect((await run(false, 'runs', 'export', '--format', 'markdown')).stdout).toContain(reply);
  expect(JSON.parse((await run(false, 'runs', 'export')).stdout).acts[0].text).toBe(reply);
});

const unsafe = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
