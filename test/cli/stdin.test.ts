import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli, startShell } from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

const createFolder = (act: string) =>
  createTemporaryFolder(onTestFinished, { 'x.toml': buildNarrative(1).replace('Question 1', act), 'empty.txt': '' });

test.each(['', ' \n'])(
  'rejects input without text before any request, except with --allow-empty: %j',
  async (input) => {
    const cwd = createFolder('Review this: {{stdin}}');
    const before = server.generateRequests.length;
    const rejected = await runBoticelli(['run', 'x.toml', '-o', 'ndjson', '--quiet'], { cwd, server, input });
    expect(rejected).toMatchObject({
      code: 66,
      stderr:
        'boticelli: standard input contains no text, but the narrative uses {{stdin}}\n  Pipe text into it, or add --allow-empty.\n',
    });
    expect(JSON.parse(rejected.stdout)).toMatchObject({ type: 'narrative-end', error: { code: 'no_input' } });
    expect(server.generateRequests).toHaveLength(before);
    const accepted = await runBoticelli(['run', 'x.toml', '--quiet', '--allow-empty'], { cwd, server, input });
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(server.generateRequests.at(-1)?.body.contents[0].parts[0].text).toBe(`Review this: ${input}`);
  },
);

test('does not read standard input that no prompt uses', async () => {
  // Standard input is empty here. Reading it would be an error.
  const { stderr } = await runBoticelli(['run', 'x.toml', '--rehearse', '-q'], { cwd: createFolder('Hello') });
  expect(stderr).toBe('');
});

test('rejects an empty file and a closed standard input as the text of {{stdin}}', async () => {
  for (const redirection of ['< empty.txt', '< /dev/null', '<&-']) {
    const script = `boticelli run x.toml --rehearse -q ${redirection}`;
    const { code, stderr } = await startShell(script, { cwd: createFolder('Review this: {{stdin}}') }).result;
    expect({ code, stderr }).toEqual({
      code: 66,
      stderr: expect.stringContaining('standard input contains no text'),
    });
  }
});

test('rejects a folder as standard input, both for {{stdin}} and for a narrative', async () => {
  const cwd = createFolder('Review this: {{stdin}}');
  const before = server.generateRequests.length;
  for (const command of ['run x.toml', 'run -']) {
    const { code, stderr } = await startShell(`boticelli ${command} < .`, { cwd, server }).result;
    expect({ code, stderr }).toEqual({ code: 66, stderr: expect.stringContaining('standard input is a folder\n  ') });
  }
  const { code, stdout } = await startShell('boticelli check - < .', { cwd }).result;
  expect({ code, stdout }).toEqual({ code: 66, stdout: expect.stringContaining('standard input is a folder') });
  expect(server.generateRequests).toHaveLength(before);
});
