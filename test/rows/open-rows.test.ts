import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRows } from '../../src/rows/open-rows.js';
import type { Row } from '../../src/rows/row.js';
import { parseCsv } from '../../src/rows/sources/parse-csv.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';
import { splitBytes } from './split-bytes.js';

async function* streamText(text: string) {
  yield text;
}

function setup(files: Record<string, string | Buffer>, stdin = '') {
  const cwd = createTemporaryFolder(onTestFinished);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  return { cwd, open: (name: string) => openRows(name, { cwd, stdin: splitBytes(Buffer.from(stdin), 5) }) };
}

async function readAll(source: { read(): AsyncIterable<Row> }): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of source.read()) rows.push(row);
  return rows;
}

const failureOf = async (name: string, content: string | Buffer) => {
  const error = await setup({ [name]: content })
    .open(name)
    .catch((thrown) => thrown);
  return { code: error.code, message: error.message };
};

describe('source files', () => {
  test('CSV and TSV are read by RFC 4180: quotes, separators and line ends in fields, a byte order mark, CRLF', async () => {
    const { open, cwd } = setup({ 'a.csv': '\ufeffid, text \r\n1,"a ""b"", c\r\nd"\r\n\r\n2,é\r\n' });
    const source = await open('a.csv');
    expect(source).toMatchObject({
      format: 'csv',
      columns: ['id', 'text'],
      header: 'id, text ',
      total: 2,
      lineEnd: '\r\n',
    });
    expect(source.warnings).toEqual(['a.csv:4: an empty line is skipped']);
    expect(await readAll(source)).toEqual([
      { number: 1, line: 2, values: { id: '1', text: 'a "b", c\r\nd' }, raw: '1,"a ""b"", c\r\nd"', folder: cwd },
      { number: 2, line: 5, values: { id: '2', text: 'é' }, raw: '2,é', folder: cwd },
    ]);
    const tabs = await setup({ 'a.tsv': 'a\tb\n1,5\t"x\ty"' }).open('a.tsv');
    expect((await readAll(tabs)).map(({ values }) => values)).toEqual([{ a: '1,5', b: 'x\ty' }]);
  });

  test.each([
    [
      'a.csv',
      'a,b\n1\n2,3\n4,5,6\n',
      'a.csv:2: 1 field in the row, but 2 columns in the file; a.csv:4: 3 fields in the row, but 2 columns in the file; a field',
    ],
    ['a.csv', 'a,b,a\n', 'a.csv:1: columns 1 and 3 have the same name, "a"'],
    ['a.csv', 'a,,b\n', 'a.csv:1: column 2 has no name'],
    ['a.csv', 'a\n"x\n\ny\n', 'a.csv:2: a quote opens in this row and is never closed'],
    ['a.csv', 'a\nx\n"y" z\n', 'a.csv:3: text follows the closing quote of field 1'],
    ['a.csv', 'a\nx"y"\n', 'a.csv:2: field 1 contains a quote but does not begin with one'],
    ['a.csv', 'a\nx\ny\0\n', 'a.csv:3: a NUL byte'],
    ['a.csv', Buffer.from('a\nb\n\xe9\n', 'latin1'), 'a.csv:3: not UTF-8 text'],
    ['a.csv', Buffer.from('caf\xe9\nb\nc\n', 'latin1'), 'a.csv:1: not UTF-8 text'],
    ['a.csv', Buffer.from('caf\xe9', 'latin1'), 'a.csv:1: not UTF-8 text'],
    ['a.ndjson', '{"a":1}\n[1]\n{"a"\n', 'a.ndjson:2: not a JSON object; a.ndjson:3: not JSON'],
    ['a.json', '{"a":1}', 'a.json: not an array of objects'],
    ['a.json', '[{}, 1]', 'a.json: element 2 is not an object'],
    ['a.json', '[\n{},\n{"a" 1}]', 'a.json:3: not JSON: '],
    ['a.json', '\uFEFF[\n{}\n{}]', 'a.json:3: not JSON: '],
  ])('%s with a fault is rejected: %j', async (name, content, message) => {
    expect(await failureOf(name, content)).toEqual({
      code: 'invalid_narrative',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['a.csv', '', 'a.csv is empty'],
    ['a.csv', Buffer.from('\ufeffa\n', 'utf16le'), 'a.csv is UTF-16'],
  ])('%s that is empty or UTF-16 is rejected: %j', async (name, content, message) => {
    expect(await failureOf(name, content)).toEqual({ code: 'no_input', message });
  });

  test('a row that is too long is rejected, and faults after the tenth are only counted', async () => {
    const rows = parseCsv(streamText('a\n"xxxxxxxxxxxx\n'), { delimiter: ',', name: 'a.csv', maxBytes: 10 });
    await expect(rows.next().then(() => rows.next())).rejects.toThrow(/^a\.csv:2: the row is longer than 0\.00001 MB/);
    const failure = await failureOf('a.ndjson', Buffer.alloc(33_000_000, 'x'));
    expect(failure.message).toMatch(/^a\.ndjson:1: the line is longer than 32 MB/);
    expect((await failureOf('b.csv', `a,b\n${'1\n'.repeat(25)}`)).message).toMatch(/; b\.csv: 15 more errors$/);
  });

  test('a file that changes while its rows are read is rejected', async () => {
    const { open, cwd } = setup({ 'a.csv': `a\n${'some text\n'.repeat(20_000)}` });
    const source = await open('a.csv');
    const rows = source.read()[Symbol.asyncIterator]();
    await rows.next();
    appendFileSync(join(cwd, 'a.csv'), 'more\n');
    await expect(readAll({ read: () => ({ [Symbol.asyncIterator]: () => rows }) })).rejects.toMatchObject({
      code: 'no_input',
      message: 'a.csv changed while its rows were read',
    });
  });
});

test('NDJSON is read from a file and from standard input, where an invalid line becomes a row with a problem', async () => {
  const { open } = setup({ 'a.jsonl': '{"a":"x\\ny"}\r\n\n{"b":[1]}' }, '{"é":1}\n\n nonsense\n{"b":2}\n');
  const file = await open('a.jsonl');
  expect([file.total, ...file.warnings]).toEqual([2, 'a.jsonl:2: an empty line is skipped']);
  expect((await readAll(file)).map(({ line, values, raw }) => [line, values, raw])).toEqual([
    [1, { a: 'x\ny' }, '{"a":"x\\ny"}'],
    [3, { b: [1] }, '{"b":[1]}'],
  ]);
  const stream = await open('-');
  expect(stream.total).toBeUndefined();
  expect((await readAll(stream)).map(({ number, line, values, problem }) => [number, line, values, problem])).toEqual([
    [1, 1, { é: 1 }, undefined],
    [2, 3, {}, 'not JSON'],
    [3, 4, { b: 2 }, undefined],
  ]);
});

test('an error in standard input does not say that nothing was sent, because earlier rows may have been sent', async () => {
  const { open } = setup({}, '{"a":1}\n{"a":"\0"}\n');
  const source = await open('-');
  const rows: Row[] = [];
  const reading = (async () => {
    for await (const row of source.read()) rows.push(row);
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'invalid_narrative',
    message: 'standard input:2: a NUL byte; the file is binary or damaged',
    hint: 'Replies so far are kept. Fix the rows and run again with --resume.',
  });
  expect(rows.map(({ values }) => values)).toEqual([{ a: 1 }]);
});

test('a JSON array is read, and a pattern finds files, sorted by the bytes of their paths', async () => {
  const { open, cwd } = setup({
    ...{ 'a.json': '[{"a":1},{"b":{"c":2}}]', 'Z.txt': 'zed', 'é.txt': 'e', 'b.txt': 'bee' },
    'bin.txt': Buffer.from([0, 255]),
  });
  expect((await readAll(await open('a.json'))).map(({ values, raw }) => [values, raw])).toEqual([
    [{ a: 1 }, '{"a":1}'],
    [{ b: { c: 2 } }, '{"b":{"c":2}}'],
  ]);
  mkdirSync(join(cwd, 'folder.txt'));
  const rows = await readAll(await open('*.txt'));
  expect(rows.map(({ values }) => [values.name, values.text])).toEqual([
    ['Z.txt', 'zed'],
    ['b.txt', 'bee'],
    ['bin.txt', undefined],
    ['é.txt', 'e'],
  ]);
  expect(rows[0]).toMatchObject({
    raw: join(cwd, 'Z.txt'),
    file: join(cwd, 'Z.txt'),
    values: { path: join(cwd, 'Z.txt') },
  });
});

test.each([
  ['missing.csv', 'no_input', 'missing.csv does not exist'],
  ['folder', 'no_input', 'folder is a folder'],
  ['folder.csv', 'no_input', 'folder.csv is a folder'],
  ['notes.xlsx', 'usage', '--each notes.xlsx: unknown kind of file'],
  ['*.png', 'no_input', 'no file matches *.png'],
  ['/dev/null', 'no_input', '/dev/null is not a regular file'],
])('%s is rejected with %s', async (name, code, message) => {
  const { open, cwd } = setup({ 'notes.xlsx': 'x' });
  for (const folder of ['folder', 'folder.csv']) mkdirSync(join(cwd, folder));
  await expect(open(name)).rejects.toMatchObject({ code, message });
});
