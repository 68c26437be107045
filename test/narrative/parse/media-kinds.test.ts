import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import type { MediaInput } from '../../../src/narrative/narrative.js';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { createVideo, mediaBytes } from '../../helpers/media-bytes.js';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

/** Creates a folder with media of every kind. */
function createMediaFolder(): string {
  const folder = createTemporaryFolder(onTestFinished);
  const files = { 'a.png': mediaBytes.png, 'a.mp3': mediaBytes.mp3, 'a.mp4': mediaBytes.mp4, 'a.pdf': mediaBytes.pdf };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'a.md'), '# Title\n');
  return folder;
}

const checkInFolder = (source: string, folder: string) =>
  checkNarrative({ file: 'story.toml', bytes: Buffer.from(source), folder });

/** Renders a narrative with one act and one input. The keys of the input begin on line 6. */
const renderInput = (keys: string) => `${renderHead('look')}[[acts.look.input]]\n${keys}\n`;

async function loadInput(source: string, folder = '/nowhere'): Promise<MediaInput> {
  const { narrative, diagnostics } = await checkInFolder(source, folder);
  expect(diagnostics).toEqual([]);
  return narrative?.acts[0]?.inputs[0] as MediaInput;
}

describe('media', () => {
  it.each([
    ['image', 'a.png', 'image/png'],
    ['audio', 'a.mp3', 'audio/mp3'],
    ['video', 'a.mp4', 'video/mp4'],
    ['document', 'a.pdf', 'application/pdf'],
    ['document', 'a.md', 'text/md'],
  ])('detects the kind and MIME type of media in an input and in [media]: %s, %s, %s', async (type, file, mimeType) => {
    const folder = createMediaFolder();
    const byInput = await loadInput(renderInput(`type = "${type}"\nfile = "${file}"`), folder);
    const byEntry = await loadInput(`${renderHead('a')}[acts]\na = "media.x"\n[media.x]\nfile = "${file}"\n`, folder);
    expect(byInput).toMatchObject({ type, mimeType, name: file });
    expect(byEntry).toEqual(byInput);
  });

  it('uses the entry of [media] that `ref` names, if its kind is the type of the input', async () => {
    const source = `${renderHead('a')}[[acts.a.input]]\ntype = "audio"\nref = "media.x"\n[media.x]\nfile = "a.mp3"\n`;
    expect(await loadInput(source, createMediaFolder())).toMatchObject({ type: 'audio', name: 'a.mp3' });
  });

  it('keeps only path, size and hash of files above 4 MB', async () => {
    const folder = createMediaFolder();
    writeFileSync(join(folder, 'film.mp4'), createVideo(5_000_000));
    const { content } = await loadInput(renderInput('type = "video"\nfile = "film.mp4"'), folder);
    expect(content).toEqual({
      ...{ from: 'file', path: join(folder, 'film.mp4'), byteLength: 5_000_000 },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('checks the encoding of a large text file to its end', async () => {
    const folder = createMediaFolder();
    const text = Buffer.from('ü'.repeat(2_500_000));
    writeFileSync(join(folder, 'long.txt'), text);
    expect(await loadInput(renderInput('type = "document"\nfile = "long.txt"'), folder)).toMatchObject({
      mimeType: 'text/plain',
    });
    writeFileSync(join(folder, 'long.txt'), text.subarray(0, -1));
    const { diagnostics } = await checkInFolder(renderInput('type = "document"\nfile = "long.txt"'), folder);
    expect(diagnostics[0]?.message).toBe('"long.txt" is not UTF-8 text; save it as UTF-8');
  });

  it.each([
    // This URL is fetched when the request is sent.
    [
      'url = "https://me:pw@example.org/a.png?x=1"',
      'image',
      { from: 'url-to-fetch', url: 'https://me:pw@example.org/a.png?x=1', kind: 'image' },
      'https://example.org/a.png',
    ],
    // This URL is never fetched, because Gemini reads the video itself.
    [
      'url = "https://youtu.be/abc"',
      'video',
      { from: 'url-for-service', uri: 'https://youtu.be/abc' },
      'https://youtu.be/abc',
    ],
  ])('does not fetch a URL while the narrative is loaded: %s', async (keys, type, content, name) => {
    expect(await loadInput(renderInput(`type = "${type}"\n${keys}`))).toEqual({ type, content, name });
  });

  it('infers the kind of a medium from the name in its URL, from its `mime` or from the input', async () => {
    const loadEntry = (keys: string) => loadInput(`${renderHead('a')}[acts]\na = "media.x"\n[media.x]\n${keys}\n`);
    expect((await loadEntry('url = "https://example.org/a.mp3?x"')).type).toBe('audio');
    // Nothing shows the kind, so it stays open until the URL is fetched.
    expect((await loadEntry('url = "https://example.org/a"')).type).toBe('media');
    expect(await loadEntry('url = "https://example.org/a"\nmime = "image/JPG"')).toMatchObject({
      type: 'image',
      mimeType: 'image/jpeg',
    });
    const byRef = await loadInput(
      `${renderHead('a')}[[acts.a.input]]\ntype = "image"\nref = "media.x"\n[media.x]\nurl = "https://example.org/a"\n`,
    );
    expect(byRef.content).toEqual({ from: 'url-to-fetch', url: 'https://example.org/a', kind: 'image' });
  });
});

describe('media problems', () => {
  it.each([
    ['no source', 'type = "audio"', '5:13 missing-key: [[acts.look.input]] has none of "file", "url", "base64", "ref"'],
    [
      'two sources',
      'type = "audio"\nfile = "x"\nurl = "y"',
      '5:13 conflicting-keys: [[acts.look.input]] has both "file" and "url"',
    ],
    [
      'three sources',
      'type = "audio"\nfile = "x"\nurl = "y"\nbase64 = "z"',
      '5:13 conflicting-keys: [[acts.look.input]] has "file", "url" and "base64"',
    ],
    [
      'a source beside a ref',
      'type = "audio"\nref = "media.a"\nfile = "x"',
      '5:13 conflicting-keys: [[acts.look.input]] has both "file" and "ref"',
    ],
    [
      'a URL as file',
      'type = "image"\nfile = "https://example.org/a.png?key=secret"',
      '7:8 url-as-file: "https://example.org/a.png" is not a file; write a URL as "url"',
    ],
    [
      'a data: URL as file',
      'type = "image"\nfile = "data:image/png;base64,AAAA"',
      '7:8 url-as-file: a data: URL is not a file; write the part after its comma as "base64"',
    ],
    [
      'an invalid URL',
      'type = "image"\nurl = "example.org/a.png"',
      '7:7 bad-url: "url" in [[acts.look.input]] is not a URL; a URL begins with https:// and a host',
    ],
    [
      'another protocol',
      'type = "image"\nurl = "ftp://example.org/a.png"',
      '7:7 bad-url: "url" in [[acts.look.input]] begins with ftp:, but media is fetched only over http and https',
    ],
    [
      'a data: URL',
      'type = "image"\nurl = "data:image/png;base64,AA"',
      '7:7 bad-url: "url" in [[acts.look.input]] is a data: URL; write the part after its comma as "base64"',
    ],
    [
      'a video as image',
      'type = "image"\nurl = "https://youtu.be/abc"',
      '7:7 media-type: https://youtu.be/abc is of type "video", not "image"',
    ],
    [
      'a mime of another kind',
      'type = "image"\nurl = "https://example.org/a"\nmime = "audio/wav"',
      '8:8 media-type: "mime" in [[acts.look.input]] is "audio/wav"; supported image types: png, jpeg, webp, heic and heif',
    ],
    [
      'an invalid mime',
      'type = "document"\nfile = "paper.pdf"\nmime = "pdf"',
      '8:8 media-type: "mime" in [[acts.look.input]] is "pdf"; supported document types: pdf and text',
    ],
    [
      'bytes of another kind',
      'type = "audio"\nfile = "dot.png"',
      '7:8 media-type: "dot.png" is image/png; supported audio types: wav, mp3, aiff, aac, m4a, ogg, flac and webm',
    ],
    [
      'a text file with the extension .png',
      'type = "document"\nfile = "text.png"',
      '7:8 media-type: "text.png" is text, but its name says image/png',
    ],
    [
      'an unknown ref',
      'type = "image"\nref = "media.logoo"\n[media.logo]\nfile = "dot.png"',
      '7:7 unknown-media: "media.logoo" is not defined in [media] → media.logo',
    ],
    [
      'a ref without the prefix',
      'type = "image"\nref = "logo"\n[media.logo]\nfile = "dot.png"',
      '7:7 unknown-media: "logo" is not defined in [media] → media.logo',
    ],
    [
      'a ref to another kind',
      'type = "audio"\nref = "media.logo"\n[media.logo]\nfile = "dot.png"',
      '7:7 media-type: "media.logo" is of type "image", not "audio"',
    ],
    [
      'a mime beside a ref',
      'type = "image"\nref = "media.logo"\nmime = "image/png"\n[media.logo]\nfile = "dot.png"',
      '5:13 conflicting-keys: [[acts.look.input]] has both "ref" and "mime"',
    ],
  ])('are reported with their location: %s', async (_what, keys, expected) => {
    expect(await collectProblems(renderInput(keys))).toEqual([expected]);
  });

  it('include a PDF above the limit of Gemini, and a file above the limit of the Files API', async () => {
    const folder = createMediaFolder();
    truncateSync(join(folder, 'a.pdf'), 50_000_001);
    writeFileSync(join(folder, 'huge.mp4'), '');
    truncateSync(join(folder, 'huge.mp4'), 2_000_000_001);
    const source = `${renderHead('a')}[acts]\na = ["media.x", "media.y"]\n[media.x]\nfile = "a.pdf"\n[media.y]\nfile = "huge.mp4"\n`;
    const { diagnostics } = await checkInFolder(source, folder);
    expect(diagnostics.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      'media-too-large: "a.pdf" is larger than 50 MB, the limit for a PDF',
      'media-too-large: the file "huge.mp4" is larger than 2000 MB',
    ]);
  });

  it('include FIFOs, sockets, folders, archives, and files that are unreadable or do not exist', async () => {
    const folder = createMediaFolder();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const socket = createServer().listen(join(folder, 'socket'));
    onTestFinished(() => void socket.close());
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'denied'), '', { mode: 0 });
    writeFileSync(join(folder, 'archive.zip'), mediaBytes.zip);
    const names = ['fifo', 'socket', 'folder', 'denied', 'archive.zip', 'a.png/x'];
    const media = names.map((name) => `[media."${name}"]\nfile = "${name}"\n`).join('');
    writeFileSync(join(folder, 'bad.toml'), `${renderHead('a')}[acts]\na = "hi"\n${media}`);
    chmodSync(folder, 0o755);
    // Root may read every file, so the program runs as another user if the tests run as root.
    const asOtherUser = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { stdout } = await runBoticelli(['check', join(folder, 'bad.toml'), '--format', 'json'], asOtherUser);
    const messages = JSON.parse(stdout).files[0].diagnostics.map(({ message }: { message: string }) => message);
    expect(messages).toEqual(
      expect.arrayContaining([
        'the file "fifo" is not a regular file',
        'the file "socket" is not a regular file',
        'the file "folder" is a folder',
        `the file "denied" can't be read: permission denied`,
        `"archive.zip" is a zip archive, which Gemini can't read; supported types: images, audio, video, pdf and text`,
        'the file "a.png/x" does not exist',
      ]),
    );
  });

  it('have short messages, even about long base64', async () => {
    const { diagnostics } = await checkSource(renderInput(`type = "image"\nbase64 = "${'A'.repeat(100_000)}"`));
    expect(diagnostics[0]?.message.length).toBeLessThan(200);
  });
});
