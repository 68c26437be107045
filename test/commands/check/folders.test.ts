import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli, startShell } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';

const good = buildNarrative(1);
const bad = buildNarrative(1, 'temprature = 0.5');
const warned = buildNarrative(1, 'model = "gemini-2.0-flash"');

/** Creates a folder with files. Each key is the path of a file, whose subfolders are created too. */
function createFolderWith(files: Record<string, string>): string {
  const folder = createTemporaryFolder(onTestFinished);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test('checks every narrative in a folder and its subfolders, sorted by name, but not hidden files, node_modules and boticelli.toml', async () => {
  const cwd = createFolderWith({
    'b.toml': good,
    'a/z.toml': good,
    'a/b/c.toml': good,
    'notes.md': '# not a narrative',
    'boticelli.toml': '[providers.gemini]',
    '.hidden/x.toml': bad,
    '.x.toml': bad,
    'node_modules/pkg/x.toml': bad,
  });
  const ended = await runBoticelli(['check', '.'], { cwd });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toBe(['a/b/c.toml', 'a/z.toml', 'b.toml'].map((name) => `${name}: ok, 1 act\n`).join(''));
});

test('accepts files and folders together, and checks each file once', async () => {
  const cwd = createFolderWith({ 'n/a.toml': good, 'n/b.toml': bad, 'c.toml': good });
  const { code, stdout } = await runInProcess(['check', 'c.toml', 'n', 'n/a.toml', './c.toml', '--format', 'json'], {
    cwd,
  });
  expect(code).toBe(65);
  const files: { file: string; valid: boolean }[] = JSON.parse(stdout).files;
  expect(files.map(({ file, valid }) => [file, valid])).toEqual([
    ['c.toml', true],
    ['n/a.toml', true],
    ['n/b.toml', false],
  ]);
});

test('follows links to files and reports broken links, but follows no link to a folder, because such links may form a circle', async () => {
  const cwd = createFolderWith({ 'n/a.toml': good, 'elsewhere.txt': good });
  symlinkSync(join(cwd, 'elsewhere.txt'), join(cwd, 'n/link.toml'));
  symlinkSync('..', join(cwd, 'n/up.toml'));
  symlinkSync('nowhere', join(cwd, 'n/broken.toml'));
  const { code, stdout } = await runInProcess(['check', 'n'], { cwd });
  expect(code).toBe(66);
  expect(stdout.split('\n')).toEqual([
    'n/a.toml: ok, 1 act',
    'n/broken.toml: error[unreadable]: n/broken.toml does not exist',
    'n/link.toml: ok, 1 act',
    '',
  ]);
});

test('exits with 66 for a folder without narratives', async () => {
  const cwd = createFolderWith({ 'n/notes.md': '' });
  const { code, stdout } = await runInProcess(['check', 'n'], { cwd });
  expect(code).toBe(66);
  expect(stdout).toBe('n: error[unreadable]: n contains no .toml files\n');
});

test('exits with 66 for a folder without read permission', async () => {
  const cwd = createFolderWith({ 'n/a.toml': good });
  chmodSync(cwd, 0o755);
  chmodSync(join(cwd, 'n'), 0);
  onTestFinished(() => chmodSync(join(cwd, 'n'), 0o755));
  const asSomebodyElse = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  const { code, stdout } = await runBoticelli(['check', 'n'], { cwd, ...asSomebodyElse });
  expect(code).toBe(66);
  expect(stdout).toBe("n: error[unreadable]: n can't be read: permission denied\n");
});

// The path `-` usually means standard input. Here it is the name of a folder.
test.each(['locked', '-'])(
  'an unreadable subfolder called %s does not keep the narratives outside of it from being checked',
  async (locked) => {
    const cwd = createFolderWith({ 'a.toml': good, [`${locked}/b.toml`]: good, 'z.toml': good });
    chmodSync(cwd, 0o755);
    chmodSync(join(cwd, locked), 0);
    onTestFinished(() => chmodSync(join(cwd, locked), 0o755));
    const asSomebodyElse = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { code, stdout } = await runBoticelli(['check', '.'], { cwd, ...asSomebodyElse });
    expect(code).toBe(66);
    expect(stdout.split('\n').sort()).toEqual(
      [
        '',
        `${locked}: error[unreadable]: ${locked} can't be read: permission denied`,
        'a.toml: ok, 1 act',
        'z.toml: ok, 1 act',
      ].sort(),
    );
  },
);

test('reports an error in a shared nested narrative once', async () => {
  const outer = buildNarrative(1).replace('Question 1', 'narrative:bad');
  const cwd = createFolderWith({
    'bad.toml': buildNarrative(1).replace('Question 1', '{{x}}'),
    'one.toml': outer,
    'two.toml': outer,
  });
  const { code, stdout, stderr } = await runBoticelli(['check', '.'], { cwd });
  expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
    code: 65,
    stderr: 'boticelli: 3 of 3 narratives have errors',
  });
  expect(stdout.split('\n')).toEqual([
    'bad.toml:7:10: error[unknown-name]: unknown name {{x}}; for a variable write {{vars.x}} and define it in [vars]',
    '7 | act_1 = "{{x}}"',
    '  |          ^^^^^',
    'one.toml: includes a narrative with errors, listed above',
    'two.toml: includes a narrative with errors, listed above',
    '',
  ]);
});

test('lists the errors of a nested narrative once, and refers to them when it checks the nested file itself', async () => {
  const cwd = createFolderWith({
    'a.toml': buildNarrative(1).replace('Question 1', 'narrative:b'),
    'b.toml': buildNarrative(1).replace('Question 1', '{{x}}'),
  });
  expect((await runInProcess(['check', '.'], { cwd })).stdout).toMatch(/\nb\.toml: errors listed above\n$/);
});

test('a slow reader receives all results, even if an unknown variable makes the command fail', async () => {
  const files = Array.from({ length: 1200 }, (_, index) => [`narrative_${index}.toml`, good]);
  const cwd = createFolderWith(Object.fromEntries(files));
  const script = 'boticelli check . --format json --var nobody=1 | (sleep 0.3; cat)';
  const { stdout, stderr } = await startShell(script, { cwd }).result;
  expect(JSON.parse(stdout).files).toHaveLength(1200);
  expect(stderr).toContain('nobody');
});

test('reports a --var that no narrative uses as a usage error, as run does', async () => {
  const cwd = createFolderWith({ 'a.toml': good, 'b.toml': buildNarrative(1).replace('Question 1', '{{vars.lang}}') });
  expect(await runInProcess(['check', '.', '--var', 'lang=fr'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  const { code, stderr } = await runInProcess(['check', '.', '--var', 'lang=fr', '--var', 'lan=fr'], { cwd });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('--var lan: unknown variable\n  Did you mean lang? Known variables: lang.'),
  });
});

test('prints warnings, and fails on them only with --strict', async () => {
  const cwd = createFolderWith({ 'warned.toml': warned, 'good.toml': good });
  const withoutStrict = await runInProcess(['check', 'warned.toml', 'good.toml'], { cwd });
  expect(withoutStrict).toMatchObject({ code: 0, stderr: '' });
  expect(withoutStrict.stdout).toBe(
    [
      `warned.toml:3:9: warning[retired-model]: "model" in [narrative] is "gemini-2.0-flash", which Google shut down on 2026-06-01`,
      '3 | model = "gemini-2.0-flash"',
      '  |         ^^^^^^^^^^^^^^^^^^',
      'warned.toml: ok, 1 act',
      'good.toml: ok, 1 act',
      '',
    ].join('\n'),
  );
  const strict = await runInProcess(['check', '--strict', 'warned.toml', 'good.toml'], { cwd });
  expect(strict.code).toBe(65);
  expect(strict.stdout).toBe(withoutStrict.stdout);
  expect(strict.stderr).toBe(
    'boticelli: 1 of 2 narratives has warnings, and --strict treats them as errors\n  Fix the warnings above.\n',
  );
  expect((await runInProcess(['check', '--strict', 'good.toml'], { cwd })).code).toBe(0);
});

test('run does not lint: it rehearses a narrative with a retired model without a warning', async () => {
  const cwd = createFolderWith({ 'warned.toml': warned });
  const ended = await runInProcess(['run', 'warned.toml', '--rehearse', '--quiet'], { cwd });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
});

test('prints the same lines for each of a hundred narratives as for one', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`n/${index}.toml`, index % 50 ? good : bad]),
  );
  const { code, stdout } = await runInProcess(['check', 'n'], { cwd: createFolderWith(files) });
  expect(code).toBe(65);
  const getExpectedLines = (name: string) =>
    [
      `n/${name}.toml:3:1: error[unknown-key]: unknown key "temprature" in [narrative]`,
      '3 | temprature = 0.5',
      '  | ^^^^^^^^^^',
      '  did you mean "temperature"?',
    ].join('\n');
  expect(stdout.split('\n').filter((line) => line.endsWith(': ok, 1 act'))).toHaveLength(98);
  expect(stdout).toContain(getExpectedLines('0'));
  expect(stdout).toContain(getExpectedLines('50'));
});
