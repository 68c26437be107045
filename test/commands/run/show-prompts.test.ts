import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { mediaBytes } from '../../helpers/media-bytes.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const narrative = `
[narrative]
name = "n"
system = "Be brief.\\u001b[2J"
[acts]
draft = """Write about {{vars.topic}}.

Two lines."""
[acts.final]
temperature = 0
max_tokens = 50
format = "json"
schema = { type = "array" }
media = ["media.logo"]
prompt = "Merge {{draft}}"
[media.logo]
file = "logo.png"
`;

function setup(files: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': narrative, 'one.toml': buildNarrative(1), ...files });
  writeFileSync(join(cwd, 'logo.png'), mediaBytes.png);
  const env = {
    ...{ GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  return {
    cwd,
    run: (...args: string[]) => runInProcess(['run', ...args], { cwd, env }),
    runs: (...args: string[]) => runInProcess(['runs', ...args], { cwd, env }),
    path: (name: string) => join(cwd, name),
  };
}

/** The prompts of `narrative` as they are printed, if the first act gets the reply `A reply`. */
const shownPrompts = [
  `prompt of draft: gemini-flash-lite-latest
  system:
    Be brief.␛[2J
  user:
    Write about ships.

    Two lines.
`,
  `prompt of final: gemini-flash-lite-latest, temperature 0, max_tokens 50, format json, after 2 earlier turns
  system:
    Be brief.␛[2J
  schema:
    {"type":"array"}
  user:
    <logo.png, image/png, ${mediaBytes.png.length} bytes>
    Merge A reply
`,
];

test('--show-prompts prints every prompt as it is sent, also with --quiet', async () => {
  const { run, path } = setup();
  server.queueReplies(textReply('A reply'), textReply('[]'));
  const { code, stdout, stderr } = await run(path('n.toml'), '--show-prompts', '--quiet', '--var', 'topic=ships');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'A reply\n\n[]\n' });
  expect(stderr).toBe(shownPrompts.join(''));
});

test('--rehearse prints the prompts that would be sent, except with --quiet, and marks its replies', async () => {
  const { run, path } = setup();
  const { stdout, stderr } = await run(path('n.toml'), '--rehearse', '--var', 'topic=ships');
  expect(stderr).toContain(shownPrompts[0]);
  expect(stderr).toContain(
    '\n    Merge [rehearsal] gemini-flash-lite-latest would reply to “Write about ships. Two lines.”',
  );
  expect(stdout.split('\n\n').every((reply) => reply.startsWith('[rehearsal] '))).toBe(true);
  expect((await run(path('one.toml'), '--rehearse', '--quiet')).stderr).toBe('');
  expect(server.requests).toEqual([]);
});

test('each prompt of a row or a parallel narrative is one block, which names its row or narrative', async () => {
  const { run, path } = setup({
    'r.toml': '[narrative]\nname = "r"\n[acts]\na = "{{row.x}}\\nsecond"\n',
    'r.csv': 'x\n1\n2\n3\n',
  });
  const rowArgs = ['--each', path('r.csv'), '--rehearse'];
  const { stderr } = await run(path('r.toml'), ...rowArgs, '--show-prompts');
  for (const x of [1, 2, 3]) {
    expect(stderr).toContain(`prompt of row ${x}: a: gemini-flash-lite-latest\n  user:\n    ${x}\n    second\n`);
  }
  // With --each, a rehearsal prints prompts only if --show-prompts is given.
  expect((await run(path('r.toml'), ...rowArgs)).stderr).not.toContain('prompt of');
  const parallel = await run(path('one.toml'), path('n.toml'), '--jobs', '2', '--show-prompts');
  expect(parallel.stderr).toContain('prompt of one: act_1: gemini-flash-lite-latest\n  user:\n    Question 1\n');
});

test('runs show --prompts shows stored prompts, or says how to store those of later runs', async () => {
  const { cwd, run, runs, path } = setup();
  await run(path('one.toml'), '--quiet');
  const notStored = await runs('show', '--prompts');
  expect(notStored.stdout).toContain(
    '\nPrompts of this run were not stored. To store those of later runs, set prompts = true',
  );
  writeFileSync(join(cwd, 'boticelli.toml'), '[store]\nprompts = true\n');
  server.queueReplies(textReply('A reply'), textReply('[]'));
  await run(path('n.toml'), '--quiet', '--var', 'topic=ships');
  const { stdout } = await runs('show', '--prompts');
  for (const shown of shownPrompts) expect(stdout).toContain(shown);
  expect(stdout).not.toContain('not stored');
  expect((await runs('show')).stdout).not.toContain('prompt of');
});
