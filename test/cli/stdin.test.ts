import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli, startShell } from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

const folder = (act: string) =>
  createTemporaryFolder(onTestFinished, { 'x.toml': buildNarrative(1).replace('Question 1', act), 'none.txt': '' });

test.each(['', ' \n'])(
  'without a text in it is warned of once, with --quiet too, and the run goes on: %j',
  async (input) => {
    const cwd = folder('Review this: {{stdin}}');
    const { code, stderr } = await runBoticelli(['run', 'x.toml', '--quiet'], { cwd, server, input });
    const warning = 'warning: standard input contains no text, so {{stdin}} is empty\n';
    expect({ code, stderr }).toEqual({ code: 0, stderr: `boticelli: ${warning}` });
    expect(server.generateRequests.at(-1)?.body.contents[0].parts[0].text).toBe(`Review this: ${input}`);
    const two = await runBoticelli(['run', 'x.toml', 'x.toml', '-j', '2', '--rehearse', '-q'], { cwd, input });
    expect(two).toMatchObject({ code: 0, stderr: `boticelli: x: ${warning}` });
  },
);

test("without a text in it is nobody's concern where no text uses it", async () => {
  const { stderr } = await runBoticelli(['run', 'x.toml', '--rehearse', '-q'], { cwd: folder('Hello') });
  expect(stderr).toBe('');
});

test('that is an empty file, or closed, is warned of too', async () => {
  for (const redirection of ['< none.txt', '< /dev/null', '<&-']) {
    const script = `boticelli run x.toml --rehearse -q ${redirection}`;
    const { code, stderr } = await startShell(script, { cwd: folder('Review this: {{stdin}}') }).result;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('standard input contains no text'),
    });
  }
});

test("that is a folder can't be read, be it for {{stdin}} or the narrative itself", async () => {
  const cwd = folder('Review this: {{stdin}}');
  const before = server.generateRequests.length;
  for (const command of ['run x.toml', 'run -']) {
    const { code, stderr } = await startShell(`boticelli ${command} < .`, { cwd, server }).result;
    expect({ code, stderr }).toEqual({ code: 66, stderr: expect.stringContaining('standard input is a folder\n  ') });
  }
  const { code, stdout } = await startShell('boticelli check - < .', { cwd }).result;
  expect({ code, stdout }).toEqual({ code: 66, stdout: expect.stringContaining('standard input is a folder') });
  expect(server.generateRequests).toHaveLength(before);
});
