import { describe, expect, it } from 'vitest';
import { isPlainText } from '../../src/media/plain-text.js';
import { resolveMediaType } from '../../src/media/resolve-media-type.js';
import { mediaBytes } from '../helpers/media-bytes.js';

type Claims = {
  name?: string;
  declaredType?: string;
  kind?: 'image' | 'audio' | 'video' | 'document';
  serverType?: string;
};

/** The type that bytes are sent under, or what is wrong with them. */
async function judge(bytes: Uint8Array | string, claims: Claims = {}): Promise<string> {
  const head = Buffer.from(bytes);
  const verdict = await resolveMediaType({ label: 'it', head, isText: isPlainText(head), ...claims });
  return 'problem' in verdict ? verdict.problem : `${verdict.kind} ${verdict.mimeType}`;
}

describe('the type of media', () => {
  it.each([
    ['png', 'image image/png'],
    ['wav', 'audio audio/wav'],
    ['mp3', 'audio audio/mp3'],
    ['flac', 'audio audio/flac'],
    ['aiff', 'audio audio/aiff'],
    ['mp4', 'video video/mp4'],
    ['mov', 'video video/mov'],
    ['avi', 'video video/avi'],
    ['flv', 'video video/x-flv'],
    ['pdf', 'document application/pdf'],
  ] as const)(
    'is found out from the bytes of a %s, in the spelling that the service takes',
    async (format, expected) => {
      expect(await judge(mediaBytes[format])).toBe(expected);
      expect(await judge(mediaBytes[format], { name: `by.another.${format === 'png' ? 'jpg' : 'png'}` })).toBe(
        expected,
      );
    },
  );

  it.each([
    ['notes.md', 'text/md'],
    ['page.HTML', 'text/html'],
    ['table.csv', 'text/csv'],
    ['style.css', 'text/css'],
    ['main.rs', 'text/plain'],
    ['README', 'text/plain'],
  ])('of text is told by its name: %s is %s', async (name, type) => {
    expect(await judge('Grüße aus dem Text\n', { name })).toBe(`document ${type}`);
  });

  it('of text is never what its first letters look like', async () => {
    expect(await judge('BM is a brand of bitmaps and of motorcycles, more or less.')).toBe('document text/plain');
    expect(await judge('<?xml version="1.0"?><a/>', { name: 'a.svg' })).toBe('document text/xml');
  });

  it('is the stated one where the bytes agree, whatever its spelling', async () => {
    expect(await judge(mediaBytes.mp3, { declaredType: 'Audio/MPEG' })).toBe('audio audio/mp3');
    expect(await judge('# Title', { declaredType: 'text/markdown' })).toBe('document text/md');
    expect(await judge('a,b', { declaredType: 'text/csv; charset=utf-8' })).toBe('document text/csv');
  });

  it('is taken from the name, or as stated, where a format may begin with anything', async () => {
    expect(await judge(mediaBytes.noise, { name: 'speech.mp3' })).toBe('audio audio/mp3');
    expect(await judge(mediaBytes.noise, { declaredType: 'audio/aac' })).toBe('audio audio/aac');
    expect(await judge(mediaBytes.noise, { name: 'speech.flac' })).toBe('it is not audio/flac as its name says');
  });

  it('is taken from the server for text alone', async () => {
    expect(await judge('a,b', { serverType: 'text/csv; charset=utf-8' })).toBe('document text/csv');
    expect(await judge(mediaBytes.png, { serverType: 'application/octet-stream' })).toBe('image image/png');
    expect(await judge(mediaBytes.png, { serverType: 'image/jpeg' })).toBe('image image/png');
    expect(await judge(mediaBytes.png, { serverType: 'audio/mpeg' })).toBe(
      'it is image/png, but its server calls it audio/mp3',
    );
  });
});

describe('what contradicts itself', () => {
  const anything = 'Gemini reads pictures, audio, video, pdf and text';
  it.each<[string, Uint8Array | string, Claims, string]>([
    ['nothing at all', '', {}, 'it is empty'],
    ['a text that is called a picture', 'hello', { name: 'a.png' }, 'it is text, not image/png as its name says'],
    [
      'a text that is stated as audio',
      'hello',
      { declaredType: 'audio/wav' },
      'it is text, not audio/wav as its "mime" says',
    ],
    [
      'a text for a film',
      'hello',
      { kind: 'video' },
      'it is text: of video Gemini reads mp4, mpeg, mov, avi, flv, webm, wmv and 3gpp',
    ],
    [
      'a PDF for audio',
      mediaBytes.pdf,
      { kind: 'audio' },
      'it is application/pdf: of audio Gemini reads wav, mp3, aiff, aac, ogg and flac',
    ],
    [
      'a picture under another type',
      mediaBytes.png,
      { declaredType: 'image/webp' },
      'it is image/png, not image/webp as its "mime" says',
    ],
    [
      'audio that is not read',
      mediaBytes.m4a,
      {},
      'it is audio/x-m4a: of audio Gemini reads wav, mp3, aiff, aac, ogg and flac',
    ],
    ['an archive', mediaBytes.zip, {}, `it is a zip archive, which is not opened: ${anything}`],
    ['a packed archive', mediaBytes.gzip, {}, `it is a gzip archive, which is not opened: ${anything}`],
    ['noise', mediaBytes.noise, {}, `it is of no type that is known: ${anything}`],
    [
      'text in another encoding',
      Buffer.from('Gr\xfc\xdfe', 'latin1'),
      { name: 'a.txt' },
      'it is no UTF-8 text: save it as UTF-8',
    ],
    ['UTF-16', Buffer.from('\ufeffhello', 'utf16le'), { name: 'a.txt' }, 'it is UTF-16 text: save it as UTF-8'],
  ])('is refused: %s', async (_what, bytes, claims, problem) => {
    expect(await judge(bytes, claims)).toBe(problem);
  });
});
