import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import type { MediaInput } from '../../../src/narrative/narrative.js';
import { checkSource, collectProblems, mediaFolder, renderHead } from '../check-source.js';

const readBase64 = (file: string) => readFileSync(join(mediaFolder, file)).toString('base64');

/** A narrative whose one act shows one picture; what the picture is stands on line 7 and after. */
const renderImageInput = (keys: string) => `${renderHead('look')}[[acts.look.input]]\ntype = "image"\n${keys}\n`;

async function loadImage(keys: string): Promise<MediaInput> {
  const { narrative, diagnostics } = await checkSource(renderImageInput(keys));
  expect(diagnostics).toEqual([]);
  return narrative?.acts[0]?.inputs[0] as MediaInput;
}

describe('a picture', () => {
  it.each([
    ['dot.png', 'image/png'],
    ['dot.jpg', 'image/jpeg'],
    ['dot.webp', 'image/webp'],
    ['only-a-header.heic', 'image/heic'],
    ['jpeg-by-another-name.png', 'image/jpeg'],
  ])('in %s is read whole and found to be %s, whatever its name', async (file, mimeType) => {
    const content = { from: 'bytes', base64: readBase64(file) };
    expect(await loadImage(`file = "${file}"`)).toEqual({ type: 'image', mimeType, content, name: file });
  });

  it('keeps the type that was stated, in the spelling that the service takes', async () => {
    expect((await loadImage('file = "dot.jpg"\nmime = "image/JPG"')).mimeType).toBe('image/jpeg');
    expect((await loadImage('file = "only-a-header.heic"\nmime = "image/heif"')).mimeType).toBe('image/heif');
  });

  it('may stand in the file as base64, over several lines and without padding', async () => {
    const base64 = readBase64('dot.png');
    const lines = base64.replace(/=+$/, '').replace(/.{20}/g, '$&\n');
    expect((await loadImage(`base64 = """\n${lines}"""`)).content).toEqual({ from: 'bytes', base64 });
  });

  it('is recognised behind a colour profile that is longer than any look at the first bytes', async () => {
    const dot = readFileSync(join(mediaFolder, 'dot.png'));
    const profile = Buffer.concat([Buffer.from('00002710', 'hex'), Buffer.from('tEXt'), Buffer.alloc(10_004)]);
    const large = Buffer.concat([dot.subarray(0, 33), profile, dot.subarray(33)]);
    const folder = mkdtempSync(join(tmpdir(), 'boticelli-'));
    writeFileSync(join(folder, 'large.png'), large);
    const bytes = Buffer.from(renderImageInput('file = "large.png"'));
    expect((await checkNarrative({ file: 'x', bytes, folder })).diagnostics).toEqual([]);
  });

  it('that [media] defines is used by its name, as often as one likes', async () => {
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

describe('what is wrong with a picture', () => {
  const readable = 'of pictures Gemini reads png, jpeg, webp, heic and heif';
  it.each([
    ['there is no such file', 'file = "nope.png"', '7:8 media-not-found: the file "nope.png" does not exist'],
    ['the name is empty', 'file = ""', '7:8 media-not-found: the name of the file is empty'],
    ['the name is blank', 'file = "  "', '7:8 media-not-found: the name of the file is empty'],
    [
      'the address is blank',
      'url = " "',
      '7:7 bad-url: "url" in [[acts.look.input]] is empty: a URL begins with https:// and a host',
    ],
    ['a folder is no file', 'file = "."', '7:8 media-not-found: the file "." is a folder'],
    [
      'a name is impossible',
      'file = "a\\u0000b"',
      '7:8 media-not-found: the file "a\\u0000b" is no possible name of a file',
    ],
    ['a file is empty', 'file = "empty.png"', '7:8 media-type: "empty.png" is empty'],
    ['bytes are no picture', 'file = "text.png"', `7:8 media-type: "text.png" is text: ${readable}`],
    ['a type is not read by Gemini', 'file = "dot.gif"', `7:8 media-type: "dot.gif" is image/gif: ${readable}`],
    [
      'a stated type is not read by Gemini',
      'file = "dot.gif"\nmime = "image/gif"',
      `8:8 media-type: "mime" in [[acts.look.input]] is "image/gif": ${readable}`,
    ],
    [
      'bytes are not of the stated type',
      'file = "dot.jpg"\nmime = "image/png"',
      '7:8 media-type: "dot.jpg" is image/jpeg, not image/png as its "mime" says',
    ],
    ['base64 has other characters', 'base64 = "a@b"', '7:10 bad-base64: "base64" in [[acts.look.input]] is no base64'],
    ['base64 is cut off', 'base64 = "aaaaa"', '7:10 bad-base64: "base64" in [[acts.look.input]] is no base64'],
    [
      'base64 is a data: URL',
      'base64 = "data:image/png;base64,AAAA"',
      '7:10 bad-base64: "base64" in [[acts.look.input]] is a data: URL: give only what follows its comma',
    ],
  ])('is told in its place: %s', async (_what, keys, expected) => {
    expect(await collectProblems(renderImageInput(keys))).toEqual([expected]);
  });

  it('is told of both its file and its stated type at once', async () => {
    expect(await collectProblems(renderImageInput('file = "nope.gif"\nmime = "image/gif"'))).toHaveLength(2);
  });

  it('is told of media that no act uses, and once of media that many use', async () => {
    const source = `${renderHead('a')}[acts]\na = ["media.x", "media.x", "text"]\n[media.x]\nfile = "nope.png"\n[media.y]\nfile = "nope.png"\n`;
    expect(await collectProblems(source)).toEqual([
      '8:8 media-not-found: the file "nope.png" does not exist',
      '10:8 media-not-found: the file "nope.png" does not exist',
    ]);
  });

  it('is told where an act names media that nothing defines', async () => {
    const source = `${renderHead('a')}[acts]\na = ["media.logoo", "media.ly is a firm", "x"]\n[media.logo]\nfile = "dot.png"\n`;
    expect(await collectProblems(source)).toEqual([
      '6:6 unknown-media: "media.logoo" is none of the media that [media] defines → media.logo',
    ]);
  });
});
