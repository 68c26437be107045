import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, startShell } from '../helpers/boticelli.js';

test.each([
  ['runs'],
  ['runs report'],
  ['limits'],
  ['init'],
  ['run "$OLDPWD/n.toml" --summary s.md'],
  ['check "$OLDPWD/n.toml" --each r.csv'],
])('in a folder that was removed, `%s` ends with an error that says so', async (command) => {
  const folder = createTemporaryFolder(onTestFinished, {
    'n.toml': '[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts]\na = "{{row.x}}"\n',
  });
  const script = `mkdir gone; cd gone; rmdir ../gone; boticelli ${command}`;
  const env = { BOTICELLI_STATE_DIR: join(folder, 'state') };
  const { code, stderr } = await startShell(script, { cwd: folder, env }).result;
  expect(stderr).toBe('boticelli: the current folder no longer exists\n  Change to another folder.\n');
  expect(code).toBe(66);
});
