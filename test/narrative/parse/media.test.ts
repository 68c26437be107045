import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import type { MediaInput } from '../../../src/narrative/narrative.js';
import { checkSource, collectProblems, mediaFolder, renderHead } from '../check-source.js';

const readBase64 = (file: string) => readFileSync(join(mediaFolder, file)).toString('base64');

/** Renders a narrative with one image input. The given keys begin on line 7. */
const renderImageInput = (keys: string) => `${renderHead('look')}[[acts.look.input]]\ntype = "image"\n${keys}\n`;

async function loadImage(keys: string): Promise<MediaInput> {
  const { narrative, diagnostics } = await checkSource(renderImageInput(keys));
  expect(diagnostics).toEqual([]);
  return narrative?.acts[0]?.inputs[0] as MediaInput;
}

describe('an image', () => {
  it.each([
    ['dot.png', 'image/png'],
    ['dot.jpg', 'image/jpeg'],
    ['dot.webp', 'image/webp'],
    ['only-a-header.heic', 'image/heic'],
    ['jpeg-by-another-name.png', 'image/jpeg'],
  ])('in %s is detected as %s, whatever its name', async (file, mimeType) => {
    const content = { from: 'bytes', base64: readBase64(file) };
    expect(await loadImage(`file = "${file}"`)).toEqual({ type: 'image', mimeType, content, name: file });
  });

  it('keeps the declared type, in the spelling of the service', async () => {
    expect((await loadImage('file = "dot.jpg"\nmime = "image/JPG"')).mimeType).toBe('image/jpeg');
    expect((await loadImage('file = "only-a-header.heic"\nmime = "image/heif"')).mimeType).toBe('image/heif');
  });

  it('may have its own resolution, in an input or in [media]; the resolution of the input takes precedence', async () => {
    expect((await loadImage('file = "dot.png"\nmedia_resolution = "low"')).mediaResolution).toBe('low');
    expect((await loadImage('url = "https://example.org/a.png"\nmedia_resolution = "low"')).mediaResolution).toBe(
      'low',
    );
    const [overridden, inherited] = await Promise.all(
      ['ref = "media.dot"\nmedia_resolution = "high"', 'ref = "media.dot"'].map((keys) =>
        loadImage(`${keys}\n[media.dot]\nfile = "dot.png"\nmedia_resolution = "low"`),
      ),
    );
    expect([overridden?.mediaResolution, inherited?.mediaResolution]).toEqual(['high', 'low']);
  });

  it('may be base64 in the narrative, across lines and without padding', async () => {
    const base64 = readBase64('dot.png');
    const lines = base64.replace(/=+$/, '').replace(/.{20}/g, '$&\n');
    expect((await loadImage(`base64 = """\n${lines}"""`)).content).toEqual({ from: 'bytes', base64 });
  });

  it('is detected despite a long text chunk before its pixels', async () => {
    const dot = readFileSync(join(mediaFolder, 'dot.png'));
    const textChunk = Buffer.concat([Buffer.from('00002710', 'hex'), Buffer.from('tEXt'), Buffer.alloc(10_004)]);
    const large = Buffer.concat([dot.subarray(0, 33), textChunk, dot.subarray(33)]);
    const folder = mkdtempSync(join(tmpdir(), 'boticelli-'));
    writeFileSync(join(folder, 'large.png'), large);
    const bytes = Buffer.from(renderImageInput('file = "large.png"'));
    expect((await checkNarrative({ file: 'x', bytes, folder })).diagnostics).toEqual([]);
  });

  it('in [media] can be used several times', async () => {
    const source = `${renderHead('a', 'b')}[acts]\na = ["media.dot", "What is it?", "media.dot"]\nb = "media.dot"\n[media.dot]\nfile = "dot.png"\n`;
    const content = { from: 'bytes', base64: readBase64('dot.png') };
    const dot = { type: 'image', mimeType: 'image/png', content, name: 'dot.png' };
    const { narrative } = await checkSource(source);
    expect(narrative?.acts.map(({ inputs }) => inputs)).toEqual([
      [dot, { type: 'text', content: 'What is it?' }, dot],
      [dot],
    ]);
  });
});

describe('image problems', () => {
  const supported = 'supported image types: png, jpeg, webp, heic and heif';
  it.each([
    ['a missing file', 'file = "nope.png"', '7:8 media-not-found: the file "nope.png" does not exist'],
    ['an empty name', 'file = ""', '7:8 media-not-found: the file name is empty'],
    ['a blank name', 'file = "  "', '7:8 media-not-found: the file name is empty'],
    [
      'a blank URL',
      'url = " "',
      '7:7 bad-url: "url" in [[acts.look.input]] is empty; a URL begins with https:// and a host',
    ],
    ['a folder', 'file = "."', '7:8 media-not-found: the file "." is a folder'],
    ['an invalid name', 'file = "a\\u0000b"', '7:8 media-not-found: the file "a\\u0000b" is not a valid file name'],
    ['an empty file', 'file = "empty.png"', '7:8 media-type: "empty.png" is empty'],
    ['a text file', 'file = "text.png"', `7:8 media-type: "text.png" is text; ${supported}`],
    ['an unsupported type', 'file = "dot.gif"', `7:8 media-type: "dot.gif" is image/gif; ${supported}`],
    [
      'an unsupported declared type',
      'file = "dot.gif"\nmime = "image/gif"',
      `8:8 media-type: "mime" in [[acts.look.input]] is "image/gif"; ${supported}`,
    ],
    [
      'bytes of a type other than declared',
      'file = "dot.jpg"\nmime = "image/png"',
      '7:8 media-type: "dot.jpg" is image/jpeg, but its "mime" says image/png',
    ],
    [
      'invalid characters in base64',
      'base64 = "a@b"',
      '7:10 bad-base64: "base64" in [[acts.look.input]] is not valid base64',
    ],
    ['incomplete base64', 'base64 = "aaaaa"', '7:10 bad-base64: "base64" in [[acts.look.input]] is not valid base64'],
    [
      'a data: URL as base64',
      'base64 = "data:image/png;base64,AAAA"',
      '7:10 bad-base64: "base64" in [[acts.look.input]] is a data: URL; write only the part after its comma',
    ],
  ])('are reported with their location: %s', async (_what, keys, expected) => {
    expect(await collectProblems(renderImageInput(keys))).toEqual([expected]);
  });

  it('include a missing file and its unsupported declared type together', async () => {
    expect(await collectProblems(renderImageInput('file = "nope.gif"\nmime = "image/gif"'))).toHaveLength(2);
  });

  it('include the problems of unused media, and include a problem only once if its media is used twice', async () => {
    const source = `${renderHead('a')}[acts]\na = ["media.x", "media.x", "text"]\n[media.x]\nfile = "nope.png"\n[media.y]\nfile = "nope.png"\n`;
    expect(await collectProblems(source)).toEqual([
      '8:8 media-not-found: the file "nope.png" does not exist',
      '10:8 media-not-found: the file "nope.png" does not exist',
    ]);
  });

  it('include a reference to undefined media', async () => {
    const source = `${renderHead('a')}[acts]\na = ["media.logoo", "x"]\n[media.logo]\nfile = "dot.png"\n`;
    expect(await collectProblems(source)).toEqual([
      '6:6 unknown-media: "media.logoo" is not defined in [media] → media.logo',
    ]);
  });

  it('are not reported for a sentence that begins with "media."', async () => {
    const source = `${renderHead('a')}[acts]\na = ["media.ly is a firm"]\n`;
    expect(await collectProblems(source)).toEqual([]);
  });
});
