import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRecording } from '../../../src/store/recordings/read-recording.js';
import type { RecordingEntry } from '../../../src/store/recordings/recording-entry.js';
import { openRecording } from '../../../src/store/recordings/recording-file.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';

const createEntry = (key: string, text = 'reply'): RecordingEntry => ({
  ...{ key: key.repeat(64), occurrence: 0 },
  // `after`: the prompt comes after these turns, given by their hashes.
  request: { model: 'm', parameters: {}, after: [], asked: [{ text: 'prompt' }] },
  reply: {
    ...{ text, model: 'm', finishReason: 'STOP' },
    usage: { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 },
  },
});

/** Writes a file whose content `createContent` makes from a recorded line. Returns the line too. */
function createFile(createContent: (line: string) => string | Buffer) {
  const folder = createTemporaryFolder(onTestFinished);
  const recording = openRecording(join(folder, 'recording'));
  recording.add(createEntry('a', 'ünïcode'));
  recording.finish();
  const line = readFileSync(join(folder, 'recording'), 'utf8');
  const path = join(folder, 'file');
  writeFileSync(path, createContent(line));
  return { folder, path, line };
}

describe('a file that is not a recording is refused and stays as it was', () => {
  test.each<[string, (line: string) => string | Buffer]>([
    ['minified JSON', () => '{"name":"my-app","version":"1.0.0"}'],
    ['JSON with a key', () => '{"key":"0123456789abcdef","value":1}'],
    ['a text without a line end', () => 'a key or a password'],
    ['a binary file', () => Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe])],
    ['blank lines', () => '\n\n'],
    ['a blank line and a text', () => '\nprecious'],
    ['a brace', () => '{'],
    ['the beginning of a line, cut before the first digit of its key', () => '{"key":"'],
    ['the beginning of a line with other fields', () => `{"key":"${'0'.repeat(64)}","secret":"`],
    ['the beginning of a line whose key is not hexadecimal', (line) => line.slice(0, 200).replace('aa', 'zz')],
    ['complete JSON that begins like a recorded line', (line) => `${line.slice(0, line.indexOf('"m"'))}"m"}}`],
    ['a recording followed by a text without a newline', (line) => `${line}precious`],
    ['a recording followed by a line that is not JSON', (line) => `${line}precious\n`],
  ])('%s', (_, createContent) => {
    const { path } = createFile(createContent);
    const before = readFileSync(path);
    for (const open of [openRecording, readRecording])
      expect(() => open(path)).toThrowError(expect.objectContaining({ code: 'no_input' }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

test('an incomplete last line, which a crash may leave, is removed if it has at least the first digit of its key', () => {
  const { path, line } = createFile((line) => line);
  const bytes = Buffer.from(line);
  for (let length = 9; length < bytes.length - 1; length += 1) {
    for (const before of ['', line]) {
      writeFileSync(path, Buffer.concat([Buffer.from(before), bytes.subarray(0, length)]));
      openRecording(path);
      expect(readFileSync(path, 'utf8'), `${length}`).toBe(before);
    }
  }
});

test('a complete last line without its newline is kept, and gets the newline', () => {
  const { path, line } = createFile((line) => line.trimEnd());
  openRecording(path);
  expect(readFileSync(path, 'utf8')).toBe(line);
});

test('an empty file becomes a recording, and its permissions are kept', () => {
  const folder = createTemporaryFolder(onTestFinished);
  const path = join(folder, 'file');
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  const recording = openRecording(path);
  recording.add(createEntry('a'));
  recording.finish();
  expect(readRecording(path).entries.size).toBe(1);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('the bytes of pictures are recorded, and nothing is added to a recording that would then be too large to read', () => {
  const path = join(createTemporaryFolder(onTestFinished), 'file');
  const recording = openRecording(path);
  const entry = createEntry('a');
  const media = [{ mimeType: 'image/png', base64: 'iVBORw0KGgo=' }];
  recording.add({ ...entry, reply: { ...entry.reply, media } });
  expect([...readRecording(path).entries.values()][0]?.reply.media).toEqual(media);
  // The file is sparse: it takes no space on the disk.
  truncateSync(path, 256_000_000);
  expect(() => recording.add(createEntry('b'))).toThrowError(
    expect.objectContaining({ code: 'output_failed', message: expect.stringContaining('larger than 256 MB') }),
  );
  expect(statSync(path).size).toBe(256_000_000);
});

test('a reply whose media is not base64 is refused, and the message has the path of the invalid value', () => {
  const { path } = createFile((line) =>
    line.replace('"finishReason"', '"media":[{"mimeType":"a/b","base64":"!"}],"finishReason"'),
  );
  expect(() => readRecording(path)).toThrowError('is not a recorded reply: invalid value of reply.media.0.base64');
});

describe.skipIf(process.platform === 'win32')('links and special files', () => {
  test('a symbolic link to a recording is followed, and stays a link', () => {
    const { folder, path } = createFile((line) => line);
    symlinkSync(path, join(folder, 'link'));
    const recording = openRecording(join(folder, 'link'));
    recording.add(createEntry('b'));
    recording.finish();
    expect(readRecording(path).entries.size).toBe(2);
    expect(readRecording(join(folder, 'link')).entries.size).toBe(2);
  });

  test.each([
    ['a file that is not a recording', 'file', 'precious'],
    ['an empty file', 'file', ''],
    ['no file', 'none', ''],
  ])('a symbolic link to %s is refused, and the message names the target', (_, target, content) => {
    const { folder, path } = createFile(() => content);
    symlinkSync(join(folder, target), join(folder, 'link'));
    const message = expect.stringContaining(join(folder, target));
    expect(() => openRecording(join(folder, 'link'))).toThrowError(
      expect.objectContaining({ code: 'no_input', message }),
    );
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')(
    'a link to a pipe without a name, as /dev/stdout may be, is refused',
    () => {
      const holder = spawn('sleep', ['20'], { stdio: ['pipe', 'ignore', 'ignore'] });
      onTestFinished(() => void holder.kill());
      const path = `/proc/${holder.pid}/fd/0`;
      const message = expect.stringMatching(/fd\/0 is a symbolic link to \w+:\[\d+\], which is not a recording$/);
      expect(() => openRecording(path)).toThrowError(expect.objectContaining({ code: 'no_input', message }));
    },
  );

  test('a link that takes the place of the recording during a run is not followed', () => {
    const { folder, path } = createFile(() => 'precious');
    const recording = openRecording(join(folder, 'new'));
    execFileSync('ln', ['-sf', path, join(folder, 'new')]);
    expect(() => recording.add(createEntry('a'))).toThrowError(expect.objectContaining({ code: 'output_failed' }));
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('a pipe and a device are refused at once', () => {
    const folder = createTemporaryFolder(onTestFinished);
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [join(folder, 'pipe'), '/dev/null', '/dev/zero']) {
      for (const open of [openRecording, readRecording])
        expect(() => open(path)).toThrowError(expect.objectContaining({ code: 'no_input' }));
    }
  });
});
