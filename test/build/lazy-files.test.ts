import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, startProcess } from '../helpers/boticelli.js';

const folder = join(root, 'dist/lazy');
const isWorker = (file: string) => file.endsWith('-worker.cjs');
const files = readdirSync(folder).filter((file) => file.endsWith('.cjs') && !isWorker(file));

// A library that needs something that CommonJS lacks, such as import.meta, fails only when its file is loaded.
test('every file that the program loads on demand can be loaded', async () => {
  const script = 'for (const file of process.argv.slice(1)) require(file);';
  const paths = files.map((file) => join(folder, file));
  expect(paths.length).toBeGreaterThan(20);
  expect(await startProcess(process.execPath, ['-e', script, ...paths]).result).toMatchObject({ code: 0, stderr: '' });
});
