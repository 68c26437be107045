import { describe, expect, it } from 'vitest';
import { isPlainText } from '../../src/media/plain-text.js';
import { resolveMediaType } from '../../src/media/resolve-media-type.js';
import { createMp4, mediaBytes } from '../helpers/media-bytes.js';

type Hints = {
  name?: string;
  declaredType?: string;
  kind?: 'image' | 'audio' | 'video' | 'document';
  serverType?: string;
};

/** Returns the kind and the type of bytes, separated by a space, or the problem. */
async function resolveType(bytes: Uint8Array | string, hints: Hints = {}): Promise<string> {
  const head = Buffer.from(bytes);
  const result = await resolveMediaType({ label: 'it', head, isText: isPlainText(head), ...hints });
  return result.ok ? `${result.kind} ${result.mimeType}` : result.problem;
}

describe('the type of media', () => {
  it.each([
    ['png', 'image image/png'],
    ['wav', 'audio audio/wav'],
    ['mp3', 'audio audio/mp3'],
    ['flac', 'audio audio/flac'],
    ['aiff', 'audio audio/aiff'],
    ['m4a', 'audio audio/m4a'],
    ['mp4', 'video video/mp4'],
    ['mov', 'video video/mov'],
    ['avi', 'video video/avi'],
    ['flv', 'video video/x-flv'],
    ['pdf', 'document application/pdf'],
  ] as const)(
    'is detected from the bytes of a %s, whatever its name says, in the spelling of the service',
    async (format, expected) => {
      expect(await resolveType(mediaBytes[format])).toBe(expected);
      expect(await resolveType(mediaBytes[format], { name: `by.another.${format === 'png' ? 'jpg' : 'png'}` })).toBe(
        expected,
      );
    },
  );

  it.each<[string, Uint8Array, Hints, string]>([
    ['an MP4 file with sound only', createMp4('soun'), {}, 'audio audio/m4a'],
    [
      'an MP4 file with sound and a hint track for streaming',
      createMp4('soun', 'hint'),
      { name: 'a.mp4' },
      'audio audio/m4a',
    ],
    [
      'an MP4 file with sound only, in an input of type "video"',
      createMp4('soun'),
      { kind: 'video' },
      'video video/mp4',
    ],
    [
      'an MP4 file with sound only, called a video by its server',
      createMp4('soun'),
      { serverType: 'video/mp4' },
      'audio audio/m4a',
    ],
    ['an MP4 file with pictures', createMp4('vide', 'soun'), { name: 'a.m4a' }, 'video video/mp4'],
    [
      'an MP4 file without a list of tracks, in an input of type "audio"',
      mediaBytes.mp4,
      { kind: 'audio' },
      'audio audio/m4a',
    ],
    [
      'an MP4 file without a list of tracks, declared as audio',
      mediaBytes.mp4,
      { declaredType: 'audio/mp4' },
      'audio audio/m4a',
    ],
    [
      'an MP4 file without a list of tracks, declared as video',
      mediaBytes.mp4,
      { declaredType: 'video/mp4' },
      'video video/mp4',
    ],
    [
      'an MP4 file without a list of tracks, with the extension of an audio file',
      mediaBytes.mp4,
      { name: 'memo.M4A' },
      'audio audio/m4a',
    ],
    [
      'an MP4 file without a list of tracks, called audio by its server',
      mediaBytes.mp4,
      { serverType: 'audio/mp4' },
      'audio audio/m4a',
    ],
    ['an MP4 file whose list of tracks is cut off', createMp4('soun').subarray(0, -50), {}, 'video video/mp4'],
    ['WebM, in an input of type "audio"', mediaBytes.webm, { kind: 'audio' }, 'audio audio/webm'],
    ['WebM', mediaBytes.webm, {}, 'video video/webm'],
    ['M4A declared by another name', mediaBytes.m4a, { declaredType: 'audio/x-m4a' }, 'audio audio/m4a'],
  ])(
    'of a container depends on its tracks, on the "type" and "mime" of the input, on its name and on the server: %s',
    async (_what, bytes, hints, expected) => {
      expect(await resolveType(bytes, hints)).toBe(expected);
    },
  );

  it.each([
    ['notes.md', 'text/md'],
    ['page.HTML', 'text/html'],
    ['table.csv', 'text/csv'],
    ['style.css', 'text/css'],
    ['main.rs', 'text/plain'],
    ['README', 'text/plain'],
  ])('of text is inferred from its name: %s is %s', async (name, type) => {
    expect(await resolveType('Grüße aus dem Text\n', { name })).toBe(`document ${type}`);
  });

  it('of a text that begins with BM, as bitmaps do, is plain text', async () => {
    expect(await resolveType('BM is a brand of bitmaps and of motorcycles, more or less.')).toBe('document text/plain');
  });

  it('of a text with an XML declaration is XML, even if its name is that of a picture', async () => {
    expect(await resolveType('<?xml version="1.0"?><a/>', { name: 'a.svg' })).toBe('document text/xml');
  });

  it('is the declared one, whatever its spelling, if the bytes are compatible with it', async () => {
    expect(await resolveType(mediaBytes.mp3, { declaredType: 'Audio/MPEG' })).toBe('audio audio/mp3');
    expect(await resolveType('# Title', { declaredType: 'text/markdown' })).toBe('document text/md');
    expect(await resolveType('a,b', { declaredType: 'text/csv; charset=utf-8' })).toBe('document text/csv');
  });

  it('of bytes without a signature is the declared type or that of the name, unless files of that type always have a signature', async () => {
    expect(await resolveType(mediaBytes.noise, { name: 'speech.mp3' })).toBe('audio audio/mp3');
    expect(await resolveType(mediaBytes.noise, { declaredType: 'audio/aac' })).toBe('audio audio/aac');
    expect(await resolveType(mediaBytes.noise, { name: 'speech.flac' })).toBe(
      'it is not audio/flac, although its name says so',
    );
  });

  it('of text comes from the server, and that of an image from its bytes; a server that names another kind is an error', async () => {
    expect(await resolveType('a,b', { serverType: 'text/csv; charset=utf-8' })).toBe('document text/csv');
    expect(await resolveType(mediaBytes.png, { serverType: 'application/octet-stream' })).toBe('image image/png');
    expect(await resolveType(mediaBytes.png, { serverType: 'image/jpeg' })).toBe('image image/png');
    expect(await resolveType(mediaBytes.png, { serverType: 'audio/mpeg' })).toBe(
      'it is image/png, but its server says audio/mp3',
    );
  });
});

describe('resolveMediaType rejects', () => {
  const allSupported = 'supported types: images, audio, video, pdf and text';
  it.each<[string, Uint8Array | string, Hints, string]>([
    ['an empty file', '', {}, 'it is empty'],
    ['a text with the name of an image', 'hello', { name: 'a.png' }, 'it is text, but its name says image/png'],
    [
      'a text that is declared as audio',
      'hello',
      { declaredType: 'audio/wav' },
      'it is text, but its "mime" says audio/wav',
    ],
    [
      'a text in an input of type "video"',
      'hello',
      { kind: 'video' },
      'it is text; supported video types: mp4, mpeg, mov, avi, flv, webm, wmv and 3gpp',
    ],
    [
      'a PDF in an input of type "audio"',
      mediaBytes.pdf,
      { kind: 'audio' },
      'it is application/pdf; supported audio types: wav, mp3, aiff, aac, m4a, ogg, flac and webm',
    ],
    [
      'an image that is declared as another type',
      mediaBytes.png,
      { declaredType: 'image/webp' },
      'it is image/png, but its "mime" says image/webp',
    ],
    [
      'unsupported audio',
      Buffer.from('#!AMR\n\0', 'latin1'),
      {},
      'it is audio/amr; supported audio types: wav, mp3, aiff, aac, m4a, ogg, flac and webm',
    ],
    [
      'an MP4 file with pictures in an input of type "audio"',
      createMp4('vide', 'soun'),
      { kind: 'audio' },
      'it is video/mp4; supported audio types: wav, mp3, aiff, aac, m4a, ogg, flac and webm',
    ],
    [
      'an MP4 file with pictures that is declared as audio',
      createMp4('vide', 'soun'),
      { declaredType: 'audio/m4a' },
      'it is video/mp4, but its "mime" says audio/m4a',
    ],
    ['an archive', mediaBytes.zip, {}, `it is a zip archive, which Gemini can't read; ${allSupported}`],
    ['a gzip archive', mediaBytes.gzip, {}, `it is a gzip archive, which Gemini can't read; ${allSupported}`],
    ['noise', mediaBytes.noise, {}, `it has an unknown type; ${allSupported}`],
    [
      'text in another encoding',
      Buffer.from('Gr\xfc\xdfe', 'latin1'),
      { name: 'a.txt' },
      'it is not UTF-8 text; save it as UTF-8',
    ],
    ['UTF-16', Buffer.from('\ufeffhello', 'utf16le'), { name: 'a.txt' }, 'it is UTF-16 text; save it as UTF-8'],
  ])('%s', async (_what, bytes, hints, problem) => {
    expect(await resolveType(bytes, hints)).toBe(problem);
  });
});
