import { expect, test } from 'vitest';
import { root, startProcess } from './helpers/boticelli.js';

test('exits with 1 and an error if the event loop is empty before the command has finished', async () => {
  // Standard output never confirms a write, so the command waits forever, but nothing keeps the process alive.
  const script = 'process.stdout.write = () => true; require("./dist/main.cjs").main(process);';
  const { code, stderr } = await startProcess(process.execPath, ['-e', script, 'x', 'schema'], { cwd: root }).result;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^boticelli: the command stopped before it had finished\n/);
});

test('prints the stack of a bug even if the current folder no longer exists', async () => {
  const removedFolder = 'process.cwd = () => { throw new Error("uv_cwd"); };';
  const script = `process.stdout.write = () => true; ${removedFolder} require("./dist/main.cjs").main(process);`;
  const { code, stderr } = await startProcess(process.execPath, ['-e', script, 'x', 'schema'], { cwd: root }).result;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^boticelli: the command stopped before it had finished\n[\s\S]*\n {4}at /);
  expect(stderr).not.toContain('uv_cwd');
});
