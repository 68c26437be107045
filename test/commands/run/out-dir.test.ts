import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openReplyFiles } from '../../../src/commands/run/out-dir.js';
import type { ActEnd, RunReport } from '../../../src/executor/narrative-events.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';

const folderWith = (files?: Record<string, string>) => createTemporaryFolder(onTestFinished, files);
const reply = (act: string, index: number, text: string) => ({ act, index, text }) as ActEnd;

test('writes each reply to a file with a number and a name, and the report to run.json', async () => {
  const folder = join(folderWith(), 'new', 'folder');
  const files = await openReplyFiles(folder);
  files.writeReply(reply('draft', 0, 'A\n\n'));
  files.writeReply(reply('final', 1, 'B'));
  files.writeReport({ run: 'r', acts: [], failure: undefined } as unknown as RunReport);
  expect(readdirSync(folder)).toEqual(['01-draft.md', '02-final.md', 'run.json']);
  expect(readFileSync(join(folder, '01-draft.md'), 'utf8')).toBe('A\n');
  expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))).toEqual({ run: 'r', acts: [] });
});

test.each([
  ['../../etc/passwd', '01-..-..-etc-passwd.md'],
  ['a b\tc', '01-a-b-c.md'],
  ['con', '01-con.md'],
  ['what? <why>', '01-what---why-.md'],
  ['😀', '01-😀.md'],
])('writes an act called %j to a file name that every system accepts', async (act, expected) => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  files.writeReply(reply(act, 0, 'x'));
  expect(readdirSync(folder)).toEqual([expected]);
});

test('leaves other files in an existing folder alone', async () => {
  const folder = folderWith({ 'notes.txt': 'mine', '09-old.md': 'old' });
  (await openReplyFiles(folder)).writeReply(reply('draft', 0, 'x'));
  expect(readdirSync(folder)).toEqual(['01-draft.md', '09-old.md', 'notes.txt']);
});

test("reports a folder that can't be created at once", async () => {
  const folder = folderWith({ taken: 'a file' });
  await expect(openReplyFiles(join(folder, 'taken'))).rejects.toMatchObject({ code: 'output_failed' });
});

test('leaves no partial file if a write fails', async () => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  // A folder of the file's name makes the last step fail, after the content was written.
  mkdirSync(join(folder, '01-draft.md'));
  writeFileSync(join(folder, '01-draft.md', 'x'), '');
  expect(() => files.writeReply(reply('draft', 0, 'x'))).toThrowError(
    expect.objectContaining({ code: 'output_failed' }),
  );
  expect(readdirSync(folder)).toEqual(['01-draft.md']);
});
