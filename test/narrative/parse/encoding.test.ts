import { expect, it } from 'vitest';
import { checkSource, collectProblems, renderHead } from '../check-source.js';

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

it('removes a byte order mark, which does not count as a column', async () => {
  const source = Buffer.concat([
    byteOrderMark,
    Buffer.from('nme = 1\n'),
    Buffer.from(`${renderHead('a')}[acts]\na = "x"\n`),
  ]);
  const { text } = await checkSource(source);
  expect(text.startsWith('nme')).toBe(true);
  expect(await collectProblems(source)).toEqual(['1:1 unknown-key: unknown key "nme" above the first table']);
});

it('reads the same narrative with CRLF line endings, also after a backslash', async () => {
  const source = `${renderHead('a')}[acts]\na = """\none \\\n   two\nthree"""\n`;
  const unix = await checkSource(source);
  const windows = await checkSource(source.replaceAll('\n', '\r\n'));
  expect(windows).toEqual(unix);
  expect(unix.narrative?.acts[0]?.inputs).toEqual([{ type: 'text', content: 'one two\nthree' }]);
});

it('counts lines with CRLF line endings', async () => {
  expect(
    await collectProblems(
      '[narrative]\r\nname = "x"\r\nmodle = "m"\r\n[toc]\r\norder = ["a"]\r\n[acts]\r\na = "b"\r\n',
    ),
  ).toEqual(['3:1 unknown-key: unknown key "modle" in [narrative] → model']);
  expect(await collectProblems('[narrative]\r\nname = "x\r\n')).toEqual([
    '2:10 syntax: unterminated string; for several lines use """',
  ]);
});

it.each([
  ['a Latin-1 letter', '5b6e5d0d0a61203d2022c3a920e922', '2:8', 'E9'],
  ['a byte that cannot begin a character', '23ff', '1:2', 'FF'],
  ['an incomplete character', '23c3a9e28241', '1:3', 'E2'],
  ['an incomplete character at the end', '23c3a9e282', '1:3', 'E2'],
  ['an invalid byte after a byte order mark', 'efbbbf2380', '1:2', '80'],
  ['an invalid byte after an emoji of two code units', '23f09f988080', '1:4', '80'],
])('reports the location of invalid UTF-8: %s', async (_what, hex, location, byte) => {
  expect(await collectProblems(Buffer.from(hex, 'hex'))).toEqual([
    `${location} not-utf8: the byte 0x${byte} is not valid UTF-8; save the file as UTF-8`,
  ]);
});

it('recognizes UTF-16 by its byte order mark', async () => {
  expect(await collectProblems(Buffer.from('\ufeff[narrative]', 'utf16le'))).toEqual([
    '1:1 not-utf8: the file is UTF-16; save it as UTF-8',
  ]);
});

it('recognizes UTF-16 that has no byte order mark and is not valid as UTF-8', async () => {
  const bytes = Buffer.from('[narrative]\nname = "\u00fc"\n', 'utf16le');
  expect(await collectProblems(bytes)).toEqual([
    expect.stringMatching(/ not-utf8: the file is UTF-16; save it as UTF-8$/),
  ]);
});

it.each(['utf16le', 'utf16be'])('recognizes %s without a byte order mark', async (encoding) => {
  const bytes = Buffer.from('[narrative]\nname = "x"\n', 'utf16le');
  expect(await collectProblems(encoding === 'utf16be' ? bytes.swap16() : bytes)).toEqual([
    '1:1 not-utf8: the file is UTF-16; save it as UTF-8',
  ]);
});

it('accepts a leading zero in an exponent, as TOML 1.0 does, unlike TOML 0.5', async () => {
  const { narrative } = await checkSource(
    `${renderHead('a')}[acts.a]\nmax_tokens = 1e06\ninput = [{ type = "text", content = "x" }]\n`,
  );
  expect(narrative?.acts[0]?.parameters).toEqual({ maxTokens: 1_000_000 });
});
