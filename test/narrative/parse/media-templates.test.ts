import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkNarrative, checkNarrativeFile, loadNarrative } from '../../../src/narrative/load-narrative.js';
import type { MediaInput, MediaTemplate } from '../../../src/narrative/narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { mediaBytes } from '../../helpers/media-bytes.js';
import { collectProblems, formatDiagnostics, renderHead } from '../check-source.js';

/** Renders a narrative with two acts, the second with one input. The keys of the input begin on line 8. */
const renderSecondInput = (keys: string) =>
  `${renderHead('one', 'two')}[acts]\none = "x"\n[[acts.two.input]]\n${keys}\n`;

/** Renders a narrative with variables. For each name, it has an act that nests the narrative of this name. */
const renderFile = (vars: string, ...names: string[]) =>
  `${renderHead(...names)}[acts]\n${names.map((name) => `${name} = "narrative:${name}"\n`).join('')}[vars]\n${vars}\n`;

/** Creates a folder with narratives, an image and an audio file. */
function createFolder(files: Record<string, string>): string {
  const folder = createTemporaryFolder(onTestFinished, files);
  writeFileSync(join(folder, 'a.png'), mediaBytes.png);
  writeFileSync(join(folder, 'a.mp3'), mediaBytes.mp3);
  return folder;
}

/** Returns the problems of `a.toml` and its nested files as lines. A line about a nested file begins with `inner`. */
async function collectFolderProblems(files: Record<string, string>, vars?: Record<string, string>): Promise<string[]> {
  const options = vars && { vars: new Map(Object.entries(vars)) };
  const { diagnostics } = await checkNarrativeFile(join(createFolder(files), 'a.toml'), options);
  return diagnostics.flatMap((diagnostic) =>
    formatDiagnostics([diagnostic]).map((line) => (diagnostic.source ? `inner ${line}` : line)),
  );
}

describe('placeholders in the file or url of media', () => {
  it.each([
    [
      'type = "image"\nfile = "{{onee}}.png"',
      '9:9 unknown-name: unknown name {{onee}}; for a variable write {{vars.onee}} and define it in [vars] → {{one}}',
    ],
    [
      'type = "image"\nurl = "https://example.org/{{two}}"',
      '9:28 not-played-yet: {{two}} has no value: the act "two" has not run when this media is used',
    ],
    [
      'type = "image"\nfile = "{{vars.x}}.png"',
      '9:9 unknown-variable: unknown variable {{vars.x}}; define it in [vars] or with --var',
    ],
    [
      'type = "image"\nfile = "{{one.png"',
      'warning 9:9 stray-braces: unclosed "{{" in "file" in [[acts.two.input]] is kept as text; if that is intended, write \\{{',
      '9:8 media-not-found: the file "{{one.png" does not exist',
    ],
  ])('are checked as in prompts: %s', async (keys, ...expected) => {
    expect((await collectProblems(renderSecondInput(keys))).sort()).toEqual(expected.sort());
  });

  it.each(['{{one}}', '{{previous}}', '{{stdin}}', '{{round}}'])(
    'are accepted without reading the media, if they get their value only in a run: %s',
    async (name) => {
      expect(await collectProblems(renderSecondInput(`type = "image"\nfile = "no/${name}.png"`))).toEqual([]);
    },
  );

  it('must be valid for the first act that uses the media', async () => {
    const source = (...order: string[]) =>
      `${renderHead(...order)}[acts]\none = "x"\ntwo = "media.m"\nthree = ["media.m", "y"]\n[media.m]\nfile = "{{one}} {{previous}}"\n`;
    expect(await collectProblems(source('one', 'two', 'three'))).toEqual([]);
    expect(await collectProblems(source('two', 'one', 'three'))).toEqual([
      '10:9 not-played-yet: {{one}} has no value: the act "one" has not run when this media is used',
      '10:17 no-previous: {{previous}} has no value in the first act: no act runs before it',
    ]);
  });

  it('must be valid for acts that use the media by ref, and are checked in unused media too', async () => {
    const media = '[media.m]\nfile = "{{previous}}.png"\n[media.n]\nfile = "{{nix}}"\n';
    const source = `${renderHead('a')}[[acts.a.input]]\ntype = "image"\nref = "media.m"\n${media}`;
    expect(await collectProblems(source)).toEqual([
      '9:9 no-previous: {{previous}} has no value in the first act: no act runs before it',
      '11:9 unknown-name: unknown name {{nix}}; for a variable write {{vars.nix}} and define it in [vars]',
    ]);
  });

  it('cannot refer to standard input if the narrative was read from it', async () => {
    const bytes = Buffer.from(renderSecondInput('type = "image"\nfile = "{{stdin}}"'));
    const { diagnostics } = await checkNarrative({ file: '<stdin>', bytes, folder: '.', isFromStdin: true });
    expect(diagnostics.map(({ rule }) => rule)).toEqual(['stdin-taken']);
  });

  it('are text if templates are off', async () => {
    const source = renderSecondInput('type = "image"\nfile = "{{nix}}.png"').replace(
      '"story"',
      '"story"\ntemplates = false',
    );
    expect(await collectProblems(source)).toEqual(['10:8 media-not-found: the file "{{nix}}.png" does not exist']);
  });
});

describe('media whose file or url depends on variables only', () => {
  const keys = 'type = "image"\nfile = "{{vars.name}}.png"\n';

  it('is read together with the narrative, from the file that the variables name; given variables replace those of the narrative', async () => {
    const files = { 'a.toml': `${renderSecondInput(keys)}[vars]\nname = "b"\n` };
    expect(await collectFolderProblems(files)).toEqual(['9:8 media-not-found: the file "b.png" does not exist']);
    expect(await collectFolderProblems(files, { name: 'a' })).toEqual([]);
    const { acts } = await loadNarrative(join(createFolder(files), 'a.toml'), { vars: new Map([['name', 'a']]) });
    const input = acts[1]?.inputs[0] as MediaTemplate;
    const content = { from: 'bytes', base64: Buffer.from(mediaBytes.png).toString('base64') };
    const image: MediaInput = {
      type: 'image',
      mimeType: 'image/png',
      content: content as MediaInput['content'],
      name: 'a.png',
    };
    expect(input).toMatchObject({ type: 'media-template', sourceKey: 'file', text: '{{vars.name}}.png' });
    expect([...input.loaded]).toEqual([['a.png', image]]);
  });

  it.each([
    [
      'file = "{{vars.a}}.mp3"',
      '9:8 media-type: "a.mp3" is audio/mp3; supported image types: png, jpeg, webp, heic and heif',
    ],
    [
      'url = "{{vars.ftp}}"',
      '9:7 bad-url: "url" in [[acts.two.input]] begins with ftp:, but media is fetched only over http and https',
    ],
    ['file = "{{vars.web}}"', '9:8 url-as-file: "https://example.org/a.png" is not a file; write a URL as "url"'],
    [
      'file = "{{vars.a}}.png"\nmime = "audio/wav"',
      '10:8 media-type: "mime" in [[acts.two.input]] is "audio/wav"; supported image types: png, jpeg, webp, heic and heif',
    ],
    ['file = "\\\\{{vars.a}}.png"', '9:8 media-not-found: the file "{{vars.a}}.png" does not exist'],
    ['file = "{{vars.a}}.png"'],
    ['url = "https://example.org/{{vars.nix}}{{vars.a}}"'],
  ])('is checked after its `file` or `url` is rendered: %s', async (more, ...expected) => {
    const vars = '[vars]\na = "a"\nnix = ""\nftp = "ftp://x/y"\nweb = "https://example.org/a.png?key=secret"\n';
    expect(await collectFolderProblems({ 'a.toml': `${renderSecondInput(`type = "image"\n${more}`)}${vars}` })).toEqual(
      expected,
    );
  });

  it('is checked against the type of an input that refers to it, and reported once if it is missing', async () => {
    const source = (extension: string, mime = '') =>
      `${renderHead('a')}[[acts.a.input]]\ntype = "image"\nref = "media.m"\n[media.m]\nfile = "{{vars.x}}.${extension}"\n${mime}[vars]\nx = "a"\n`;
    expect(await collectFolderProblems({ 'a.toml': source('png') })).toEqual([]);
    expect(await collectFolderProblems({ 'a.toml': source('gif') })).toEqual([
      '9:8 media-not-found: the file "a.gif" does not exist',
    ]);
    expect(await collectFolderProblems({ 'a.toml': source('mp3') })).toEqual([
      '7:7 media-type: "a.mp3" is audio/mp3; supported image types: png, jpeg, webp, heic and heif',
    ]);
    expect(await collectFolderProblems({ 'a.toml': source('mp3', 'mime = "audio/mp3"\n') })).toEqual([
      '7:7 media-type: "media.m" is of type "audio", not "image"',
    ]);
  });

  it('is checked with every file name that the variables of the outer narratives produce', async () => {
    const inner = `${renderHead('x')}[acts]\n[[acts.x.input]]\ntype = "image"\nfile = "{{vars.name}}.png"\n[vars]\nname = "own"\n`;
    const problem = (name: string) => `inner 8:8 media-not-found: the file "${name}.png" does not exist`;
    expect(await collectFolderProblems({ 'a.toml': renderFile('', 'b'), 'b.toml': inner })).toEqual([problem('own')]);
    expect(await collectFolderProblems({ 'a.toml': renderFile('name = "a"', 'b'), 'b.toml': inner })).toEqual([]);
    const files = {
      'a.toml': renderFile('', 'b', 'c', 'd'),
      'b.toml': renderFile('name = "a"', 'd'),
      'c.toml': renderFile('name = "no"', 'd'),
      'd.toml': inner,
    };
    expect(await collectFolderProblems(files)).toEqual([problem('no'), problem('own')]);
    expect(await collectFolderProblems(files, { name: 'a' })).toEqual([]);
  });

  it('is reported once for each missing file', async () => {
    const inner = `${renderHead('x')}[acts]\nx = ["media.m", "media.n"]\n[media.m]\nfile = "{{vars.m}}.png"\n[media.n]\nfile = "{{vars.n}}.png"\n`;
    const files = {
      'a.toml': renderFile('m = "no"', 'b', 'c'),
      'b.toml': renderFile('n = "a"', 'd'),
      'c.toml': renderFile('n = "nor"', 'd'),
      'd.toml': inner,
    };
    expect(await collectFolderProblems(files)).toEqual([
      'inner 8:8 media-not-found: the file "no.png" does not exist',
      'inner 10:8 media-not-found: the file "nor.png" does not exist',
    ]);
  });
});

it('shortens long names in messages', async () => {
  const long = `[vars]\nx = "${'word '.repeat(2000)}"\n`;
  const [line = ''] = await collectFolderProblems({
    'a.toml': `${renderSecondInput('type = "image"\nfile = "{{vars.x}}"')}${long}`,
  });
  expect(line).toMatch(/media-not-found: the file "word .*…" has a name that is too long$/);
  expect(line.length).toBeLessThan(300);
});
