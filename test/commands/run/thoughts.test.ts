import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const thoughts = ['**Plan**\n\nGreet \u001b[31m', 'them.'];

/**
 * Creates a folder with a narrative of two acts, and returns a function that runs it. The property `rows` of the
 * function is the path of a file with two rows. A reply has two pieces of thoughts if its request asks for thoughts.
 */
function setup(model = 'gemini-3.8-flash') {
  const narrative = `[narrative]\nname = "n"\nmodel = "${model}"\n[acts]\na = "Hi"\nb = "Again"\n`;
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': narrative, 'rows.csv': 'x\n1\n2\n' });
  const env = {
    ...{ GEMINI_API_KEY: 'test-key', GEMINI_TIER: 'tier_1', GOOGLE_GEMINI_BASE_URL: server.url },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  server.setDefaultReply(({ body }) => {
    const isAsked = body.generationConfig?.thinkingConfig?.includeThoughts === true;
    return textReply(['The ', 'reply'], isAsked ? { thoughts } : {});
  });
  const run = (...args: string[]) => runInProcess(['run', join(cwd, 'n.toml'), ...args], { cwd, env });
  return Object.assign(run, { rows: join(cwd, 'rows.csv') });
}

const thoughtLines = ['**Plan**', '', 'Greet ␛[31mthem.'];

test.each([{ flags: [] }, { flags: ['--stream'] }])(
  '--thoughts shows thoughts on standard error before the reply, and does not change standard output ($flags)',
  async ({ flags }) => {
    const run = setup();
    const plain = await run(...flags);
    const shown = await run(...flags, '--thoughts');
    expect(shown.stdout).toBe(plain.stdout);
    expect(plain.stderr).not.toContain('Plan');
    const lines = shown.stderr.split('\n');
    expect(lines.slice(1, 5)).toEqual([...thoughtLines, expect.stringMatching(/^a: gemini-3.8-flash · /)]);
    expect(JSON.stringify(server.generateRequests.map(({ body }) => body.contents))).not.toContain('Plan');
  },
);

test('--thoughts shows thoughts even with --quiet', async () => {
  const { stderr } = await setup()('--thoughts', '--quiet');
  expect(stderr).toBe(`${[...thoughtLines, ...thoughtLines].join('\n')}\n`);
});

test('thoughts are events of their own in ndjson, and not part of other events', async () => {
  const run = setup();
  const withoutStream = await run('--thoughts', '-o', 'ndjson');
  expect(parseEvents(withoutStream.stdout, 'act-thought')).toEqual([
    { type: 'act-thought', act: 'a', text: thoughts.join('') },
    { type: 'act-thought', act: 'b', text: thoughts.join('') },
  ]);
  const others = withoutStream.stdout.split('\n').filter((line) => !line.includes('act-thought'));
  expect(others.join('\n')).not.toContain('Plan');
  const streamed = await run('--thoughts', '-o', 'ndjson', '--stream');
  expect(parseEvents(streamed.stdout, 'act-thought').map(({ text }) => text)).toEqual([...thoughts, ...thoughts]);
});

test('--thoughts does not change the identity of a request: a reply that was stored without thoughts is reused', async () => {
  const run = setup();
  await run();
  const { stderr, stdout } = await run('--thoughts', '--resume');
  expect(server.generateRequests).toHaveLength(2);
  expect(stdout).toBe('The reply\n\nThe reply\n');
  expect(stderr).not.toContain('Plan');
});

test('with --each, thoughts name their row', async () => {
  const run = setup();
  const { stderr } = await run('--thoughts', '--each', run.rows, '--jobs', '1');
  expect(stderr).toContain('row 1: **Plan**\n');
  expect(stderr).toContain('row 2: **Plan**\n');
});

test('--thoughts is a usage error for a model without thoughts, before any request', async () => {
  const run = setup('gemini-2.0-flash');
  for (const flags of [[], ['--each', run.rows]]) {
    const { code, stderr } = await run('--thoughts', ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain('--thoughts: gemini-2.0-flash, the model of the act a, has no thoughts to show');
  }
  expect(server.requests).toEqual([]);
});
