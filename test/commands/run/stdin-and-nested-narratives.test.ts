import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  root,
  runBoticelli,
  startBoticelli,
  startInTerminal,
  startShell,
} from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

/** Returns the last prompt of each request that the server receives during `run`. `|` separates the parts of a prompt. */
async function collectPrompts(run: () => Promise<unknown>): Promise<string[]> {
  const before = server.generateRequests.length;
  await run();
  return server.generateRequests.slice(before).map(({ body }) => body.contents.at(-1).parts.map(textOf).join('|'));
}
const textOf = ({ text }: { text: string }) => text;

const outer = `[narrative]
name = "outer"
[vars]
v = "outer"
[toc]
order = ["a", "mid", "b"]
[acts]
a = "A {{vars.v}}"
mid = "narrative:inner"
b = ["B", "narrative:inner", "{{mid}}"]
`;
const inner = `[narrative]\nname = "inner"\n[vars]\nv = "inner"\n[toc]\norder = ["x", "y"]\n[acts]\nx = "X {{vars.v}}"\ny = "Y"\n`;

describe('variables and standard input', () => {
  const review = join(root, 'narratives/review.toml');

  test('fills the prompts of review.toml with the value of --var and with piped text, whose placeholders are not filled', async () => {
    const diff = 'diff --git a/x b/x\n+{{vars.lang}} Ünïcödé\n';
    const sent = await collectPrompts(async () => {
      const ended = await runBoticelli(['run', review, '--var', 'lang=fr'], { server, input: diff });
      expect(ended).toMatchObject({ code: 0 });
    });
    expect(sent[0]).toContain(`\n\n${diff}`);
    expect(sent[1]).toMatch(/with the code "fr":\n\nReply 1 of /);
    expect(sent[1]).not.toContain('diff --git');
    expect(server.generateRequests.at(-1)?.body.systemInstruction.parts[0].text).toMatch(/for a small team:/);
  });

  test('rehearses review.toml with text from a real pipe', async () => {
    const script = `printf 'a change' | boticelli run ${review} --var lang=fr --var team=x --rehearse -q`;
    const { code, stdout } = await startShell(script).result;
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\[rehearsal\].*\n\n\[rehearsal\]/),
    });
  });

  const stdinInSecondAct = `${buildNarrative(1)}\nact_2 = "{{stdin}}"`.replace('["act_1"]', '["act_1", "act_2"]');

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0x62])],
    ['binary data', Buffer.from('a\0b')],
  ])('%s end the run before anything is sent', async (_what, input) => {
    const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': stdinInSecondAct });
    const sent = await collectPrompts(async () => {
      const running = startBoticelli(['run', 'x.toml'], { server, cwd, keepInputOpen: true });
      running.child.stdin?.end(input);
      const { code, stderr } = await running.result;
      expect({ code, stderr }).toEqual({
        code: 66,
        stderr: expect.stringContaining('standard input is not UTF-8 text'),
      });
    });
    expect(sent).toEqual([]);
  });

  test('rejects a terminal as standard input, without waiting for input', async () => {
    const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': stdinInSecondAct });
    const { code, stdout } = await startInTerminal(['run', 'x.toml', '--rehearse'], { cwd }).result;
    expect({ code, stdout }).toEqual({ code: 66, stdout: expect.stringContaining('standard input is a terminal') });
  });

  test('a signal ends a run that is still reading standard input, and the run reports that it was interrupted', async () => {
    const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': stdinInSecondAct });
    const running = startBoticelli(['run', 'x.toml', '--rehearse', '-o', 'ndjson'], { cwd, keepInputOpen: true });
    // The text is larger than a pipe, so once all of it is written, the program must be reading it.
    await new Promise((resolve) => running.child.stdin?.write('x'.repeat(1_000_000), resolve));
    running.child.kill('SIGTERM');
    const { signal, stdout } = await running.result;
    expect(signal).toBe('SIGTERM');
    expect(JSON.parse(stdout)).toMatchObject({ type: 'narrative-end', status: 'interrupted' });
  });

  test('sends ten megabytes of standard input unchanged', async () => {
    const cwd = createTemporaryFolder(onTestFinished, {
      'x.toml': buildNarrative(1).replace('Question 1', '{{stdin}}'),
    });
    const input = 'é'.repeat(5_000_000);
    const sent = await collectPrompts(() => runInProcess(['run', 'x.toml', '--no-rate-limit'], { server, cwd, input }));
    expect(sent.map((text) => text === input)).toEqual([true]);
  });

  test('reports {{stdin}} in a narrative from standard input as an error', async () => {
    const { code, stderr } = await runInProcess(['run', '-', '--rehearse'], { input: stdinInSecondAct });
    expect(code).toBe(65);
    expect(stderr).toMatch(
      /^<stdin>:\d+:10: error\[stdin-taken\]: \{\{stdin\}\} is empty, because the narrative itself is read from/,
    );
  });

  test.each([
    [['--var', 'lnag=fr'], '--var lnag: unknown variable\n  Known variables: lang, team.'],
    [['--var', 'lan=fr'], '  Did you mean lang? Known variables: lang, team.'],
    [
      ['--var', 'lang'],
      "option '--var <key=value>' argument 'lang' is invalid. Expected key=value, such as --var lang=fr.",
    ],
    [['--var', '=fr'], "argument '=fr' is invalid"],
  ])('%j is a usage error', async (flags, message) => {
    const { code, stderr } = await runInProcess(['run', review, '--rehearse', ...flags], { input: 'x' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  test('uses the last of two --var values; a variable may be named __proto__, and a value may contain = and spaces', async () => {
    const cwd = createTemporaryFolder(onTestFinished, {
      'x.toml': buildNarrative(1).replace('Question 1', '<{{vars.__proto__}}{{vars.b}}>'),
    });
    const flags = ['--var', '__proto__=x', '--var', 'b=1', '--var', 'b=a=b c'];
    expect(await collectPrompts(() => runInProcess(['run', 'x.toml', ...flags], { server, cwd }))).toEqual([
      '<xa=b c>',
    ]);
    expect(await runInProcess(['check', 'x.toml', '--var', 'b=1'], { cwd })).toMatchObject({ code: 65 });
    expect(await runInProcess(['check', 'x.toml', ...flags], { cwd })).toMatchObject({ code: 0 });
  });
});

describe('a nested narrative', () => {
  const files = { 'outer.toml': outer, 'inner.toml': inner };
  const runOuter = async (...flags: string[]) => {
    const cwd = createTemporaryFolder(onTestFinished, files);
    return runInProcess(['run', 'outer.toml', '--no-rate-limit', ...flags], { server, cwd });
  };

  test('prints only its last reply, in place of the act that runs it', async () => {
    const { stdout } = await runOuter();
    expect(stdout.trimEnd().split('\n\n')).toEqual(
      [/^Reply 1 of .* to "A outer"$/, /^Reply 2 of .* to "Y"$/, /^Reply 3 of .* to "Reply 2 of/].map((reply) =>
        expect.stringMatching(reply),
      ),
    );
  });

  test('uses the value of --var, which overrides the variables of both narratives', async () => {
    const before = server.generateRequests.length;
    await runOuter('--var', 'v=flag');
    expect(server.generateRequests.slice(before).map(({ body }) => body.contents.at(-1).parts[0].text)).toEqual([
      'A flag',
      'X flag',
      'Y',
      'X flag',
      'Y',
      'B',
    ]);
  });

  test('prints the reply of its act x for --only mid/x, and its last reply for --only mid, the act that runs the narrative', async () => {
    expect((await runOuter('--only', 'mid/x', '--only', 'b/y')).stdout.match(/(?<= to ")[^"]*/g)).toEqual([
      'X outer',
      'Y',
    ]);
    expect((await runOuter('--only', 'mid')).stdout.match(/(?<= to ")[^"]*/g)).toEqual(['Y']);
    expect(JSON.parse((await runOuter('--only', 'mid', '-o', 'json')).stdout).acts).toMatchObject([
      { act: 'mid/y', index: 2 },
    ]);
  });

  test('causes a usage error if --only has its name instead of an act', async () => {
    const { code, stderr } = await runOuter('--only', 'inner');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('a, mid/x, mid/y, mid, b/x, b/y, b.'),
    });
  });

  test('has all of its acts in json, and a file of --out-dir for each reply', async () => {
    const cwd = createTemporaryFolder(onTestFinished, files);
    const { stdout } = await runInProcess(['run', 'outer.toml', '--rehearse', '-o', 'json', '--out-dir', 'out'], {
      cwd,
    });
    const paths = ['a', 'mid/x', 'mid/y', 'b/x', 'b/y', 'b'];
    expect(JSON.parse(stdout).acts.map(({ act }: { act: string }) => act)).toEqual(paths);
    const names = paths.map((path, index) => `0${index + 1}-${path.replace('/', '-')}.md`);
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual([...names, 'run.json']);
  });

  test('that has an error is reported with its own file name and line, and nothing is sent', async () => {
    const cwd = createTemporaryFolder(onTestFinished, { ...files, 'inner.toml': inner.replace('"Y"', '"{{z}}"') });
    const sent = await collectPrompts(async () => {
      const { code, stderr } = await runInProcess(['run', 'outer.toml'], { server, cwd });
      expect(code).toBe(65);
      expect(stderr).toContain(
        'inner.toml:9:6: error[unknown-name]: unknown name {{z}}; for a variable write {{vars.z}} and define it in [vars]\n9 | y = "{{z}}"\n  |      ^^^^^',
      );
    });
    expect(sent).toEqual([]);
    const { stdout } = await runInProcess(['check', 'outer.toml', '--format', 'json'], { cwd });
    expect(JSON.parse(stdout).files).toMatchObject([
      {
        file: 'outer.toml',
        valid: false,
        diagnostics: [{ file: 'inner.toml', line: 9, column: 6, rule: 'unknown-name' }],
      },
    ]);
  });

  test('is found in the folder of the outer file, or in the current folder if the outer narrative is standard input', async () => {
    const folder = createTemporaryFolder(onTestFinished, files);
    mkdirSync(join(folder, 'elsewhere'));
    expect(await runInProcess(['check', '../outer.toml'], { cwd: join(folder, 'elsewhere') })).toMatchObject({
      code: 0,
    });
    const { code, stderr } = await runInProcess(['run', '-', '--rehearse'], { cwd: folder, input: outer });
    expect({ code, stderr: stderr.match(/error.*/)?.[0] }).toEqual({ code: 0, stderr: undefined });
  });
});

test('--only shows an act in every round, and --out-dir saves all replies', async () => {
  const cwd = createTemporaryFolder(onTestFinished, {
    'x.toml': buildNarrative(2).replace('[acts]', 'carousel = 6\n[acts]'),
  });
  const flags = ['--only', 'act_2', '--out-dir', 'out', '-o', 'json'];
  const { stdout, stderr } = await runInProcess(['run', 'x.toml', '--rehearse', ...flags], { cwd });
  expect(stderr).toMatch(
    /^\[3\/12\] act_1 \(round 2\) .*\nprompt of act_1 \(round 2\): .*\n {2}user:\n {4}Question 1\nact_1 \(round 2\): /m,
  );
  const acts: { act: string; round: number; index: number }[] = JSON.parse(stdout).acts;
  expect(acts.map(({ act, round, index }) => `${index} ${act} ${round}`)).toEqual(
    [1, 2, 3, 4, 5, 6].map((round) => `${2 * round - 1} act_2 ${round}`),
  );
  const names = readdirSync(join(cwd, 'out')).sort();
  expect(names).toHaveLength(13);
  expect(names.slice(0, 2)).toEqual(['01-act_1.md', '02-act_2.md']);
  expect(JSON.parse(readFileSync(join(cwd, 'out/run.json'), 'utf8')).acts).toHaveLength(12);
});
