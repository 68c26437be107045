import { expect, test } from 'vitest';
import { runBoticelli } from '../helpers/boticelli.js';

test.each([
  ['runs diff', 'runs', ['runs', 'diff']],
  ['limits prob', 'limits', ['limits', 'prob', '--format', 'json']],
])('reports the unknown command %s, and names the help of %s', async (name, parent, args) => {
  expect(await runBoticelli(args)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `boticelli: unknown command '${name}'\n  See boticelli ${parent} --help.\n`,
  });
});

test('a usage error names the help of its own command', async () => {
  const { code, stderr } = await runBoticelli(['runs', 'show', '--prompt']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/unknown option '--prompt'[\s\S]*\n {2}See boticelli runs show --help\.\n$/);
});

test('run --help has a heading for each group of options, and lists --help itself under Other', async () => {
  const { code, stdout } = await runBoticelli(['run', '--help']);
  expect(code).toBe(0);
  expect(stdout.match(/^\S.*:$/gm)).toEqual([
    'Arguments:',
    'Model:',
    'Input:',
    'Output:',
    'Rows and combinations:',
    'Rehearsing, resuming and replaying:',
    'Requests:',
    'Cost and quota:',
    'CI:',
    'Other:',
  ]);
  expect(stdout).toMatch(/\nOther:\n {2}--config <file> .*\n {2}-h, --help .*\n$/);
});
