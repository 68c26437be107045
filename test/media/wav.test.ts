import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encodeWav } from '../../src/media/wav.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

test('a WAV file is a header of 44 bytes and the unchanged samples', () => {
  const wav = Buffer.from(encodeWav({ pcm: Buffer.from([1, 2, 3, 4]), sampleRate: 24_000 }));
  expect(wav).toHaveLength(48);
  expect(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
  expect(wav.readUInt32LE(4)).toBe(40);
  expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt16LE(34)]).toEqual([1, 1, 16]);
  expect([wav.readUInt32LE(24), wav.readUInt32LE(28)]).toEqual([24_000, 48_000]);
  expect(wav.readUInt32LE(40)).toBe(4);
  expect([...wav.subarray(44)]).toEqual([1, 2, 3, 4]);
});

test('drops an incomplete sample at the end', () => {
  expect(encodeWav({ pcm: Buffer.from([1, 2, 3]), sampleRate: 24_000 })).toHaveLength(46);
});

const hasFileCommand = spawnSync('file', ['--version']).status === 0;

test.skipIf(!hasFileCommand)('the command `file` recognizes the format', () => {
  const path = join(createTemporaryFolder(onTestFinished), 'a.wav');
  writeFileSync(path, encodeWav({ pcm: Buffer.alloc(48_000), sampleRate: 24_000 }));
  expect(execFileSync('file', ['--brief', path], { encoding: 'utf8' })).toMatch(
    /RIFF.*WAVE audio, Microsoft PCM, 16 bit, mono 24000 Hz/,
  );
});
