import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readRegularFile } from '../../src/util/read-regular-file.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

const maxBytes = 100_000;

/** Writes and reads a file of the given size. */
function readOfSize(bytes: number) {
  const path = join(createTemporaryFolder(onTestFinished), 'file');
  const written = Buffer.alloc(bytes, 'abcdefg');
  writeFileSync(path, written);
  return { written, read: readRegularFile(path, maxBytes) };
}

test.each([0, 1, 32_767, 32_768, 32_769, maxBytes])('reads a file of %d bytes', (bytes) => {
  const { written, read } = readOfSize(bytes);
  expect(read.ok && read.bytes.equals(written)).toBe(true);
});

test('rejects a file above the maximum size', () => {
  expect(readOfSize(maxBytes + 1).read).toMatchObject({ problem: { reason: 'too-large' } });
  const path = join(createTemporaryFolder(onTestFinished), 'file');
  writeFileSync(path, 'four');
  expect(readRegularFile(path, 3)).toMatchObject({ problem: { reason: 'too-large' } });
});

test.runIf(process.platform === 'linux')('stops at the maximum size, even if the file reports a size of 0', () => {
  const before = process.memoryUsage.rss();
  const { problem } = readRegularFile('/proc/self/pagemap', 1_000_000) as { problem: { message: string } };
  expect(problem).toEqual({ reason: 'too-large', message: 'is larger than 1 MB' });
  expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
  expect(readRegularFile('/proc/self/status', maxBytes)).toMatchObject({ ok: true });
});

test('returns a copy that the next read does not change', () => {
  const first = readOfSize(10).read;
  readOfSize(20);
  expect(first.ok && first.bytes.toString()).toBe('abcdefgabc');
});

test.skipIf(process.platform === 'win32')('reports folders, missing files and devices', () => {
  const folder = createTemporaryFolder(onTestFinished);
  expect(readRegularFile(folder, maxBytes)).toMatchObject({ problem: { reason: 'folder' } });
  expect(readRegularFile(join(folder, 'none'), maxBytes)).toMatchObject({ problem: { reason: 'missing' } });
  expect(readRegularFile('/dev/zero', maxBytes)).toMatchObject({ problem: { reason: 'special' } });
});

test.skipIf(process.platform === 'win32')('does not wait for a pipe or connect to a socket', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(readRegularFile(pipe, maxBytes)).toMatchObject({ problem: { reason: 'special' } });
  const socket = join(folder, 'socket');
  const server = createServer().listen(socket);
  await new Promise((listening) => server.once('listening', listening));
  expect(readRegularFile(socket, maxBytes)).toMatchObject({ problem: { reason: 'special' } });
  server.close();
});

test.skipIf(process.platform === 'win32')('does not consume data of a pipe', () => {
  const script = `import('${join(import.meta.dirname, '../../dist/index.js')}').then(async ({ loadNarrative }) => {
    await loadNarrative('/dev/stdin').catch(({ message }) => console.log(message));
    process.stdin.on('data', (data) => console.log(String(data)));
  })`;
  const output = execFileSync('bash', ['-c', `echo words | "${process.execPath}" -e "$0"`, script], {
    encoding: 'utf8',
  });
  expect(output).toMatch(/not a regular file.*words/s);
});
