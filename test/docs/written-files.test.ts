import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCiReports } from '../../src/commands/run/ci/ci-reports.js';
import { openReplyFiles } from '../../src/commands/run/out-dir.js';
import { openDatabase } from '../../src/database/open.js';
import type { ActEnd } from '../../src/executor/narrative-events.js';
import { openFailedFile } from '../../src/rows/results/failed-file.js';
import { openResultsFile } from '../../src/rows/results/results-file.js';
import type { RowSource } from '../../src/rows/row.js';
import type { RecordingEntry } from '../../src/store/recordings/recording-entry.js';
import { openRecording } from '../../src/store/recordings/recording-file.js';
import { createTemporaryFolder, root } from '../helpers/boticelli.js';
import { runInProcess } from '../helpers/in-process.js';
import { storeRun } from '../report/report-fixture.js';
import { findTable, readPage } from './markdown.js';

const rows = findTable(readPage('bin/README.md'), 'file', 'may overwrite');
const createFolder = (files?: Record<string, string>) => createTemporaryFolder(onTestFinished, files);
const getMode = (path: string) => statSync(path).mode & 0o777;
const newFileMode = () => getMode(join(createFolder({ new: '' }), 'new'));
const newFolderMode = () => {
  const folder = createFolder();
  mkdirSync(join(folder, 'new'));
  return getMode(join(folder, 'new'));
};

const entry: RecordingEntry = {
  ...{ key: '0'.repeat(64), occurrence: 0 },
  // `asked` is the prompt. `after` lists the hashes of the turns before the prompt; here there are none.
  request: { model: 'm', parameters: {}, after: [], asked: [{ text: 'prompt' }] },
  reply: {
    ...{ text: 'reply', model: 'm', finishReason: 'STOP' },
    usage: { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 },
  },
};

const rowSource: RowSource = {
  ...{ format: 'ndjson', name: 'rows', lineEnd: '\n', total: 1, warnings: [], close: () => {} },
  async *read() {
    yield { number: 1, line: 1, values: { a: 1 }, raw: '{"a":1}', folder: '.' };
  },
};

/** Records one reply. Returns the error code, if any. */
function record(path: string): string | undefined {
  try {
    const recording = openRecording(path);
    recording.add(entry);
    recording.finish();
    return undefined;
  } catch (thrown) {
    return (thrown as { code?: string }).code;
  }
}

/** For each row of the table, a check of what its cells say on overwriting, permissions and symbolic links. */
const checks: Record<string, () => Promise<void>> = {
  'the files of `--out-dir`': async () => {
    const folder = createFolder({ '01-old.md': 'old', '02-link.md': '', other: 'mine' });
    rmSync(join(folder, '02-link.md'));
    symlinkSync(join(folder, 'other'), join(folder, '02-link.md'));
    const files = await openReplyFiles(folder);
    for (const [index, act] of ['old', 'link'].entries()) files.writeReply({ act, index, text: 'new' } as ActEnd);
    for (const name of ['01-old.md', '02-link.md']) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe('new\n');
      expect(getMode(join(folder, name))).toBe(newFileMode());
      expect(lstatSync(join(folder, name)).isFile()).toBe(true);
    }
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine');
  },

  'with several narratives: the folder of each narrative in `--out-dir`': async () => {
    const folder = createFolder();
    await openReplyFiles(folder, 'new');
    expect(getMode(join(folder, 'new'))).toBe(newFolderMode());
    symlinkSync(join(folder, 'new'), join(folder, 'link'));
    await expect(openReplyFiles(folder, 'link')).rejects.toMatchObject({ code: 'output_failed' });
  },

  'the file of `--results`': async () => {
    const folder = createFolder({ 'text.ndjson': 'precious\n', other: 'mine' });
    const open = async (name: string, resume: boolean) =>
      (
        await openResultsFile({ path: join(folder, name), source: rowSource, matrixKeys: [], actNames: ['a'], resume })
      ).close();
    await open('new.ndjson', false);
    expect(getMode(join(folder, 'new.ndjson'))).toBe(newFileMode());
    symlinkSync(join(folder, 'other'), join(folder, 'link.ndjson'));
    for (const resume of [false, true]) {
      await expect(open('text.ndjson', resume)).rejects.toMatchObject({ code: 'usage' });
      await expect(open('link.ndjson', resume)).rejects.toMatchObject({ code: 'output_failed' });
    }
    expect(readFileSync(join(folder, 'text.ndjson'), 'utf8')).toBe('precious\n');
  },

  'the file of `--failed`': async () => {
    const folder = createFolder({ text: 'precious\n', other: 'mine', earlier: '{"a":1}\n' });
    const open = async (name: string, resume: boolean) =>
      (await openFailedFile(join(folder, name), rowSource, resume)).close(true);
    await open('new', false);
    await open('earlier', true);
    expect([getMode(join(folder, 'new')), readFileSync(join(folder, 'earlier'), 'utf8')]).toEqual([newFileMode(), '']);
    symlinkSync(join(folder, 'other'), join(folder, 'link'));
    await expect(open('text', false)).rejects.toMatchObject({ code: 'usage' });
    await expect(open('text', true)).rejects.toMatchObject({ code: 'no_input' });
    for (const resume of [false, true])
      await expect(open('link', resume)).rejects.toMatchObject({ code: 'output_failed' });
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('precious\n');
  },

  'the file of `--junit`': async () => {
    const folder = createFolder({ text: 'precious', other: 'mine', empty: '' });
    const write = (junit: string) => openCiReports([], { junit }, folder).write([]);
    for (const name of ['new', 'empty', 'new']) write(name);
    expect([getMode(join(folder, 'new')), readFileSync(join(folder, 'empty'), 'utf8')]).toEqual([
      ...[newFileMode(), expect.stringContaining('<testsuites')],
    ]);
    expect(() => write('text')).toThrow(expect.objectContaining({ code: 'usage' }));
    symlinkSync(join(folder, 'other'), join(folder, 'link'));
    expect(() => write('link')).toThrow(expect.objectContaining({ code: 'output_failed' }));
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect([readFileSync(join(folder, 'text'), 'utf8'), readFileSync(join(folder, 'other'), 'utf8')]).toEqual([
      ...['precious', 'mine'],
    ]);
  },

  'the file of `--summary`': async () => {
    const folder = createFolder({ text: 'before\n', other: 'mine' });
    const suite = { name: 'n', status: 'completed', unit: 'act', cases: [], usage: {}, durationMs: 0 } as const;
    const write = (summary: string) => openCiReports([], { summary }, folder).write([suite]);
    write('new');
    write('text');
    expect(getMode(join(folder, 'new'))).toBe(newFileMode());
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe(`before\n${readFileSync(join(folder, 'new'), 'utf8')}`);
    symlinkSync(join(folder, 'other'), join(folder, 'link'));
    expect(() => write('link')).toThrow(expect.objectContaining({ code: 'output_failed' }));
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine');
  },

  'the files of `init`': async () => {
    const folder = createFolder({ 'a.toml': 'mine' });
    symlinkSync(join(folder, 'nowhere'), join(folder, 'b.toml'));
    const init = (name: string) => runInProcess(['init', name], { cwd: folder, env: {} });
    expect([(await init('a')).code, (await init('b')).code, (await init('c')).code]).toEqual([2, 2, 0]);
    expect(readFileSync(join(folder, 'a.toml'), 'utf8')).toBe('mine');
    expect([existsSync(join(folder, 'nowhere')), getMode(join(folder, 'c.toml'))]).toEqual([false, newFileMode()]);
  },

  'the file of `--record`': async () => {
    const folder = createFolder({ text: 'precious' });
    expect(record(join(folder, 'new'))).toBeUndefined();
    expect(getMode(join(folder, 'new'))).toBe(newFileMode());
    execFileSync('chmod', ['640', join(folder, 'new')]);
    for (const target of ['new', 'text']) symlinkSync(join(folder, target), join(folder, `link-to-${target}`));
    expect([record(join(folder, 'new')), record(join(folder, 'link-to-new'))]).toEqual([undefined, undefined]);
    expect(getMode(join(folder, 'new'))).toBe(0o640);
    expect([record(join(folder, 'text')), record(join(folder, 'link-to-text'))]).toEqual(['no_input', 'no_input']);
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('precious');
  },

  'the page of `runs report`': async () => {
    const folder = createFolder({ old: 'precious', other: 'mine' });
    const { database } = await openDatabase(join(folder, 'state'));
    if (database) storeRun(database, { id: 'r', acts: [] });
    database?.close();
    symlinkSync(join(folder, 'other'), join(folder, 'link'));
    const write = async (output: string, ...flags: string[]) => {
      const env = { BOTICELLI_STATE_DIR: join(folder, 'state') };
      const args = ['runs', 'report', '--output', output, ...flags];
      return (await runInProcess(args, { cwd: folder, env })).code;
    };
    expect([await write('new'), await write('old'), await write('link'), await write('link', '--force')]).toEqual([
      0, 2, 2, 74,
    ]);
    expect(getMode(join(folder, 'new'))).toBe(newFileMode());
    expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('precious');
    expect([await write('old', '--force'), getMode(join(folder, 'old'))]).toEqual([0, newFileMode()]);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine');
  },

  '`boticelli.db`': async () => {
    const folder = join(createFolder(), 'state');
    const { database, warning } = await openDatabase(folder);
    expect(warning).toBeUndefined();
    for (const name of readdirSync(folder)) expect(getMode(join(folder, name)), name).toBe(0o600);
    expect(getMode(folder)).toBe(0o700);
    database?.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    for (const [target, isUsed] of [
      [join(folder, 'boticelli.db'), true],
      [join(createFolder({ text: 'precious' }), 'text'), false],
    ] as const) {
      const linked = createFolder();
      symlinkSync(target, join(linked, 'boticelli.db'));
      const opened = await openDatabase(linked);
      expect(opened.database !== undefined).toBe(isUsed);
      opened.database?.close();
    }
    database?.close();
  },

  'the code cache in `dist/`': async () => {
    const folder = createFolder({ 'package.json': '{}', other: 'mine' });
    cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/main.cjs'), 'exports.main = () => {};\n');
    const start = () => execFileSync(process.execPath, [join(folder, 'bin/boticelli.js'), 'check']);
    start();
    const [name = ''] = readdirSync(join(folder, 'dist')).filter((file) => file.endsWith('.cache'));
    const cache = join(folder, 'dist', name);
    expect(getMode(cache)).toBe(0o644);
    rmSync(cache);
    symlinkSync(join(folder, 'other'), cache);
    start();
    expect(lstatSync(cache).isFile()).toBe(true);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine');
  },
};

test('every row of the table of written files has a check, in the same order', () => {
  expect(rows.map(([file]) => file)).toEqual(Object.keys(checks));
});

test.skipIf(process.platform === 'win32').each(Object.entries(checks))('%s: written as documented', (_, check) =>
  check(),
);
