import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';

const head = (order: string[]) => `[narrative]\nname = "x"\n[toc]\norder = ${JSON.stringify(order)}\n`;

/** Checks a file with this text, and expects that the command prints neither a stack trace nor an internal error. */
async function checkText(text: string, check: typeof runInProcess = runInProcess) {
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': text });
  const ended = await check(['check', 'n.toml'], { cwd });
  expect(ended.stdout + ended.stderr).not.toMatch(/\bat .*\.js:|internal|RangeError/);
  expect(ended.code).not.toBe(1);
  return ended;
}

test('rejects a file of 50 MB, and 50 MB on standard input', async () => {
  const content = `${head(['a'])}[acts]\na = "${'x'.repeat(50_000_000)}"\n`;
  const ended = await checkText(content, runBoticelli);
  expect(ended.code).toBe(66);
  expect(ended.stdout).toBe('n.toml: error[unreadable]: n.toml is larger than 32 MB\n');
  const piped = await runBoticelli(['check', '-'], { input: content });
  expect(piped.code).toBe(66);
  expect(piped.stdout).toContain('standard input is larger than 32 MB');
});

test('omits the location of an error in a file of several megabytes', async () => {
  const ended = await checkText(`nme = 1\n${'# a comment\n'.repeat(500_000)}${head(['a'])}[acts]\na = "x"\n`);
  expect(ended.code).toBe(65);
  expect(ended.stdout).toBe('n.toml: error[unknown-key]: unknown key "nme" above the first table\n');
});

test('accepts ten thousand acts', async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `act_${index}`);
  const ended = await checkText(
    `${head(names)}[acts]\n${names.map((name) => `${name} = "Say ${name}."`).join('\n')}\n`,
  );
  expect(ended).toMatchObject({ code: 0, stdout: 'n.toml: ok, 10,000 acts\n' });
});

test.each([
  ['arrays', `${head(['a'])}[acts]\na = ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`],
  ['inline tables', `${head(['a'])}[acts]\na = ${'{x='.repeat(5000)}1${'}'.repeat(5000)}\n`],
  ['tables', `${head(['a'])}[acts]\na = "x"\n[acts.b${'.b'.repeat(20_000)}]\n`],
  ['schemas', `${head(['a'])}[acts.a]\nformat = "json"\nschema.a${'.a'.repeat(20_000)} = 1\n`],
])('reports too deeply nested %s as an error', async (_what, content) => {
  expect((await checkText(content)).code).toBe(65);
});

test('lists 150,000 unknown names one by one, but reports 150,000 wrong types as a single error', async () => {
  // zod finds the wrong types, and can't report more than about 100,000 errors. Unknown names are found without zod.
  const names = Array.from({ length: 150_000 }, (_, index) => `{{a${index}}}`);
  const unknown = await checkText(`${head(['a'])}[acts]\na = '${names.join('')}'\n`, runBoticelli);
  expect(unknown.code).toBe(65);
  expect(unknown.stdout.match(/unknown-name/g)).toHaveLength(150_000);
  const wrongTypes = await checkText(
    `${head(['a'])}[acts.a]\nprompt = "x"\nfallback = [${'1,'.repeat(150_000)}]\n`,
    runBoticelli,
  );
  expect(wrongTypes.code).toBe(65);
  expect(wrongTypes.stdout).toBe(
    'n.toml: error[wrong-type]: the file has too many errors to list: more than a hundred thousand\n',
  );
});

test('checks a narrative that nests six others, each with 1 MB of base64, in 100 MB of memory', async () => {
  const long = 'QUJD'.repeat(250_000);
  const inner = `${head(['a'])}[media.m]\nbase64 = "${long}"\nmime = "text/plain"\n[acts]\na = ["media.m", "Sum it up."]\n`;
  const names = ['b', 'c', 'd', 'e', 'f', 'g'];
  const outer = `${head(['a'])}[acts]\na = ${JSON.stringify(names.map((name) => `narrative:${name}`))}\n`;
  const files = Object.fromEntries(names.map((name) => [`${name}.toml`, inner]));
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': outer, ...files });
  const env = { NODE_OPTIONS: '--max-old-space-size=100' };
  expect(await runBoticelli(['check', 'n.toml'], { cwd, env })).toMatchObject({
    code: 0,
    stdout: 'n.toml: ok, 1 act\n',
  });
});

test('treats names with a meaning in JavaScript, such as __proto__, like other names', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const ended = await checkText(`${head(names)}[acts]\n${names.map((name) => `${name} = "Say hello."\n`).join('')}`);
  expect(ended).toMatchObject({ code: 0, stdout: 'n.toml: ok, 4 acts\n' });
  const keys = await checkText(
    `${head(['a'])}[acts.a]\nformat = "json"\nsafety = { __proto__ = "none", constructor = "none" }\nschema = { properties.__proto__.type = "x" }\ninput = [{ type = "text", content = "x" }]\n`,
  );
  expect(keys.code).toBe(65);
  expect(keys.stdout.match(/^n\.toml.*$/gm)).toEqual([
    'n.toml:7:12: error[unknown-key]: unknown key "__proto__" in [acts.a.safety]',
    'n.toml:7:32: error[unknown-key]: unknown key "constructor" in [acts.a.safety]',
    expect.stringMatching(
      /^n\.toml:8:40: error\[bad-schema\]: "type" in \[acts\.a\.schema\.properties\.__proto__\] must/,
    ),
  ]);
});

test.each(['two words', 'a.b', '😀', 'a/b', '../up', 'tab\t', 'quote"'])(
  'accepts %j as the name of an act',
  async (name) => {
    const key = JSON.stringify(name);
    expect(await checkText(`${head([name])}[acts]\n${key} = "x"\n`)).toMatchObject({ code: 0 });
  },
);

test('rejects a pipe, a socket and a device, and does not wait for their input', async () => {
  const cwd = createTemporaryFolder(onTestFinished);
  spawnSync('mkfifo', [join(cwd, 'pipe.toml')]);
  const socket = createServer().listen(join(cwd, 'socket.toml'));
  onTestFinished(() => void socket.close());
  const ended = await runInProcess(['check', 'pipe.toml', 'socket.toml', '/dev/null'], { cwd });
  expect(ended.code).toBe(66);
  expect(ended.stdout).toBe(
    ['pipe.toml', 'socket.toml', '/dev/null']
      .map((name) => `${name}: error[unreadable]: ${name} is not a regular file\n`)
      .join(''),
  );
});
