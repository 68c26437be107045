import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openReplyFiles } from '../../../src/commands/run/out-dir.js';
import type { ActEnd, RunReport } from '../../../src/executor/narrative-events.js';
import { buildNarrative, createTemporaryFolder } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';

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
])('writes the reply of an act called %j to a file name that every system accepts', async (act, expected) => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  files.writeReply(reply(act, 0, 'x'));
  expect(readdirSync(folder)).toEqual([expected]);
});

const media = (mimeType: string, bytes = 'bytes') => ({ mimeType, base64: Buffer.from(bytes).toString('base64') });

test.each([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['audio/wav', 'wav'],
  ['audio/mp3', 'mp3'],
  ['application/octet-stream', 'bin'],
  ['image/x-new', 'bin'],
])('writes media of the type %s with the extension %s', async (mimeType, extension) => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  expect(files.writeMedia({ act: '../draw', index: 0 }, media(mimeType), 2)).toBe(`01-..-draw-2.${extension}`);
  expect(readFileSync(join(folder, `01-..-draw-2.${extension}`), 'utf8')).toBe('bytes');
});

test('writes no text file for a reply that has only media', async () => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  const actMedia = [{ mimeType: 'image/png', byteLength: 5 }];
  files.writeReply({ ...reply('draw', 0, '\n'), media: actMedia });
  files.writeReply({ ...reply('both', 1, 'A fox.'), media: actMedia });
  expect(readdirSync(folder)).toEqual(['02-both.md']);
});

test('leaves other files in an existing folder alone', async () => {
  const folder = folderWith({ 'notes.txt': 'mine', '09-old.md': 'old' });
  (await openReplyFiles(folder)).writeReply(reply('draft', 0, 'x'));
  expect(readdirSync(folder)).toEqual(['01-draft.md', '09-old.md', 'notes.txt']);
});

test.skipIf(process.platform === 'win32')(
  'follows no symbolic link in the folder, and replaces a link that has the name of a file to write',
  async () => {
    const outside = folderWith({ precious: 'mine' });
    const folder = folderWith();
    const links = [
      '01-draft.md',
      '01-draft.wav',
      '01-draft-1.png',
      'run.json',
      '.boticelli-can-write',
      '01-draft.md.unfinished',
    ];
    for (const name of links) symlinkSync(join(outside, 'precious'), join(folder, name));
    const files = await openReplyFiles(folder);
    files.writeReply(reply('draft', 0, 'x'));
    files.writeMedia({ act: 'draft', index: 0 }, media('image/png'), 1);
    files.writeAudio({ act: 'draft', index: 0 }, { pcm: new Uint8Array(2), sampleRate: 24_000 });
    files.writeReport({ run: 'r', acts: [], failure: undefined } as unknown as RunReport);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('mine');
    expect(readFileSync(join(folder, '01-draft.md'), 'utf8')).toBe('x\n');
    expect(readdirSync(folder).sort()).toEqual([...links].sort());
  },
);

test.skipIf(process.platform === 'win32')(
  'rejects a subfolder that is a symbolic link, but accepts a link as the folder itself',
  async () => {
    const outside = folderWith();
    const folder = folderWith();
    symlinkSync(outside, join(folder, 'first'));
    const message = expect.stringContaining(`it is a symbolic link to ${outside}`);
    await expect(openReplyFiles(folder, 'first')).rejects.toMatchObject({ code: 'output_failed', message });
    expect(readdirSync(outside)).toEqual([]);
    await openReplyFiles(join(folder, 'first'));
  },
);

test('writes the files of narratives with odd names to subfolders of --out-dir, and nowhere else', async () => {
  const cwd = folderWith();
  const names = ['...toml', '..toml', '.toml', 'a.toml'];
  for (const name of names) writeFileSync(join(cwd, name), buildNarrative(1));
  mkdirSync(join(cwd, 'x/deep'), { recursive: true });
  const files = names.map((name) => join(cwd, name));
  const args = ['run', ...files, '--rehearse', '--out-dir', join(cwd, 'x/deep'), '-q'];
  expect(await runInProcess(args, { cwd, env: {} })).toMatchObject({ code: 0 });
  expect(readdirSync(join(cwd, 'x'))).toEqual(['deep']);
  expect(readdirSync(join(cwd, 'x/deep')).sort()).toEqual(['...toml', '..toml', '.toml', 'a']);
});

test("fails before the first reply if the folder can't be created", async () => {
  const folder = folderWith({ taken: 'a file' });
  await expect(openReplyFiles(join(folder, 'taken'))).rejects.toMatchObject({ code: 'output_failed' });
});

test('leaves no partial file if a write fails', async () => {
  const folder = folderWith();
  const files = await openReplyFiles(folder);
  // A folder with the name of the file makes the final rename fail, after the content was written.
  mkdirSync(join(folder, '01-draft.md'));
  writeFileSync(join(folder, '01-draft.md', 'x'), '');
  expect(() => files.writeReply(reply('draft', 0, 'x'))).toThrowError(
    expect.objectContaining({ code: 'output_failed' }),
  );
  expect(readdirSync(folder)).toEqual(['01-draft.md']);
});
