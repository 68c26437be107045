import { expect, test } from 'vitest';
import { runBoticelli } from '../helpers/boticelli.js';

test.each([
  ['runs diff', ['runs', 'diff']],
  ['limits prob', ['limits', 'prob', '--format', 'json']],
])('reports the unknown command %s', async (name, args) => {
  expect(await runBoticelli(args)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `boticelli: unknown command '${name}'\n  See boticelli --help.\n`,
  });
});
