import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, canaryKey, createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

/**
 * Runs, in this process, a narrative whose only act has the prompt `prompt`. `files` are written to a new folder. In
 * `args` and in the returned `stderr`, `@` stands for that folder.
 */
async function run(prompt: string, args: string[], files: Record<string, string | Uint8Array> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': buildNarrative(1).replace('Question 1', prompt) });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  mkdirSync(join(cwd, 'folder'));
  const before = server.generateRequests.length;
  const env = {
    GEMINI_API_KEY: canaryKey,
    GOOGLE_GEMINI_BASE_URL: server.url,
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  const fullArgs = ['run', '@/x.toml', '-q', '--no-rate-limit', ...args].map((arg) => arg.replaceAll('@', cwd));
  const { code, stderr } = await runInProcess(fullArgs, { cwd, env });
  const sent = server.generateRequests.slice(before).map(({ body }) => body.contents[0].parts[0].text);
  return { code, sent, stderr: stderr.replaceAll(cwd, '@') };
}

test('sends the text of a file of 300 kB from --var-file unchanged, and does not fill its placeholders', async () => {
  const text = `\u{1F600} {{vars.x}} \r\n${'0123456789'.repeat(30_000)}\n`;
  const cwd = createTemporaryFolder(onTestFinished, {
    'x.toml': buildNarrative(1).replace('Question 1', '{{vars.x}}'),
    'long.txt': text,
  });
  const { code, stderr } = await runBoticelli(['run', 'x.toml', '-q', '--var-file', 'x=long.txt'], { cwd, server });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(server.generateRequests.at(-1)?.body.contents[0].parts[0].text).toBe(text);
});

const names = ['text', 'integer', 'large', 'fraction', 'truth', 'list', 'table'];
const promptWithAll = names.map((name) => `{{vars.${name}}}`).join(' | ');

test('converts every type of JSON value to text', async () => {
  const json = `\uFEFF{"text": "1 \\"é\\"", "integer": -3, "large": 12345678901234567890, "fraction": 1.50, "truth": true, "list": [1, null, "x", 12345678901234567890], "table": {"a": {"b": "12345678901234567890"}}, "nothing": null}`;
  const { sent, stderr } = await run(`${promptWithAll} | ({{vars.nothing}})`, ['--vars', '@/v.json'], {
    'v.json': json,
  });
  expect(stderr).toBe('');
  expect(sent).toEqual([
    '1 "é" | -3 | 12345678901234567890 | 1.5 | true | [1,null,"x",12345678901234567890] | {"a":{"b":"12345678901234567890"}} | ()',
  ]);
});

test('converts every type of TOML value to text', async () => {
  const toml = `text = "1 'é'"\ninteger = -3\nlarge = 9223372036854775807\nfraction = 1.50\ntruth = false\nlist = [1, "x", [true]]\ndate = 1979-05-27\ninf = -inf\n[table]\na.b = 9223372036854775807\n`;
  const { sent, stderr } = await run(`${promptWithAll} | {{vars.date}} | {{vars.inf}}`, ['--vars', '@/v.TOML'], {
    'v.TOML': toml,
  });
  expect(stderr).toBe('');
  expect(sent).toEqual([
    `1 'é' | -3 | 9223372036854775807 | 1.5 | false | [1,"x",[true]] | {"a":{"b":9223372036854775807}} | 1979-05-27 | -Infinity`,
  ]);
});

test('prefers --var to --var-file, and both to --vars', async () => {
  const files = { 'v.json': '{"a": "1", "b": "1", "c": "1"}', 'b.txt': '2' };
  const args = ['--var', 'a=3', '--var-file', 'a=@/b.txt', '--var-file', 'b=@/b.txt', '--vars', '@/v.json'];
  expect((await run('{{vars.a}} {{vars.b}} {{vars.c}}', args, files)).sent).toEqual(['3 2 1']);
});

test('warns of an unknown variable in --vars, and goes on', async () => {
  const { code, sent, stderr } = await run('{{vars.tone}}', ['--vars', '@/v.json'], {
    'v.json': '{"tone": "dry", "tonne": 1}',
  });
  expect({ code, sent }).toEqual({ code: 0, sent: ['dry'] });
  expect(stderr).toBe('boticelli: warning: --vars: unknown variable "tonne"; did you mean tone?\n');
});

test.each<[string, string[], number, string]>([
  [
    'a file for an unknown variable',
    ['--var-file', 'lnag=@/v.txt'],
    2,
    '--var-file lnag: unknown variable\n  Known variables: lang.',
  ],
  [
    'a missing file',
    ['--var-file', 'lang=@/none.txt'],
    66,
    '--var-file lang: @/none.txt does not exist\n  Check the path.',
  ],
  ['a folder', ['--var-file', 'lang=@/folder'], 66, '--var-file lang: @/folder is a folder'],
  [
    'a device',
    ['--var-file', 'lang=/dev/null'],
    66,
    '--var-file lang: /dev/null is not a regular file\n  Pipe its text in',
  ],
  [
    'a binary file',
    ['--var-file', 'lang=@/binary'],
    66,
    '--var-file lang: @/binary is not UTF-8 text\n  Save it as UTF-8.',
  ],
  ['a file over 32 MB', ['--var-file', 'lang=@/large.json'], 66, '--var-file lang: @/large.json is larger than 32 MB'],
  ['a missing file of variables', ['--vars', '@/none.json'], 66, '--vars: @/none.json does not exist'],
  ['a file of variables over 32 MB', ['--vars', '@/large.json'], 66, '--vars: @/large.json is larger than 32 MB'],
  ['a file of variables that is not UTF-8', ['--vars', '@/binary.toml'], 66, '--vars: @/binary.toml is not UTF-8 text'],
  [
    'a file of variables in another format',
    ['--vars', '@/v.yaml'],
    2,
    '--vars @/v.yaml: the name must end in .json or .toml',
  ],
  ['invalid JSON', ['--vars', '@/wrong.json'], 65, '@/wrong.json:2:8: not valid JSON: Unexpected token'],
  [
    'JSON that is a list',
    ['--vars', '@/list.json'],
    65,
    '@/list.json:1:1: the file must contain a JSON object, not an array',
  ],
  [
    'JSON that is nested too deeply',
    ['--vars', '@/deep.json'],
    65,
    '@/deep.json: the value of "lang" is nested too deeply',
  ],
  ['invalid TOML', ['--vars', '@/wrong.toml'], 65, '@/wrong.toml:2:8: expected a value'],
])('rejects %s before any request', async (_what, args, code, message) => {
  const files = {
    'v.txt': 'x',
    binary: Uint8Array.of(0x61, 0, 0x62),
    'binary.toml': Uint8Array.of(0xff, 0x61),
    'large.json': new Uint8Array(args.some((arg) => arg.includes('large')) ? 32_000_001 : 0),
    'wrong.json': '{\n  "x": +1\n}',
    'list.json': '[1]',
    'deep.json': `{"lang": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    'wrong.toml': 'a = 1\nlang = ,\n',
  };
  const ended = await run('{{vars.lang}}', ['--var', 'lang=fr', ...args], files);
  expect({ code: ended.code, sent: ended.sent }).toEqual({ code, sent: [] });
  expect(ended.stderr).toContain(`boticelli: ${message}`);
});
