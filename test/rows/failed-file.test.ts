import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRows } from '../../src/rows/open-rows.js';
import { openFailedFile } from '../../src/rows/results/failed-file.js';
import type { Row } from '../../src/rows/row.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

const sources = {
  'c.csv': 'id,t\n1,"a\nb"\n2,x\n3,y\n',
  'c.ndjson': '{"id":1,"t":"a"}\n{"id":2}\n{"id":12345678901234567890}\n',
  'c.json': '[{"id":1,"t":"a"},{"id":2},{"id":3}]',
  ...{ '1.txt': 'a', '2.txt': 'b', '3.txt': 'c' },
};

/** Opens a file of failed rows, and reads the rows of its source. `<folder>` in the content stands for the folder. */
async function open(sourceName: string, content?: string | Buffer, resume = true) {
  const folder = createTemporaryFolder(onTestFinished, sources);
  const source = await openRows(sourceName, { cwd: folder, stdin: (async function* () {})() });
  onTestFinished(source.close);
  const rows: Row[] = [];
  if (sourceName !== '-') for await (const row of source.read()) rows.push(row);
  const path = join(folder, 'failed');
  const bytes = typeof content === 'string' ? content.replaceAll('<folder>', folder) : content;
  if (bytes !== undefined) writeFileSync(path, bytes);
  const read = () => readFileSync(path, 'utf8');
  const listLeftovers = () => readdirSync(folder).filter((name) => name.includes('unfinished'));
  return { file: openFailedFile(path, source, resume), rows: rows as [Row, Row, Row], read, bytes, listLeftovers };
}

describe.each([
  ['c.csv', 'id,t\n1,"a\nb"\n2,x\n', 'id,t\n2,x\n3,y\n', 'id,t\n1,"a\nb"\n2,x\n3,y\n', 'id,t\n'],
  [
    'c.ndjson',
    '{"id":1,"t":"edited"}\n{"id":2}\n',
    '{"id":2}\n{"id":12345678901234567890}\n',
    '{"id":1,"t":"edited"}\n{"id":2}\n{"id":12345678901234567890}\n',
    '',
  ],
  [
    'c.json',
    '[{"id":1,"t":"edited"}, {"id":2}]\n',
    '[\n{"id":2},\n{"id":3}\n]\n',
    '[\n{"id":1,"t":"edited"},\n{"id":2},\n{"id":3}\n]\n',
    '[]\n',
  ],
  [
    '*.txt',
    '<folder>/1.txt\n<folder>/2.txt\n',
    '<folder>/2.txt\n<folder>/3.txt\n',
    '<folder>/1.txt\n<folder>/2.txt\n<folder>/3.txt\n',
    '',
  ],
])('a file with failed rows of %s from an earlier run', (source, earlier, afterCompleteRun, afterStop, noRows) => {
  /** Lets rows 2 and 3 fail in a second run. Returns the content of the file during that run, and after it. */
  const failAgain = async (isComplete: boolean) => {
    const { file, rows, read, listLeftovers } = await open(source, earlier);
    const folder = rows[0].folder;
    const failed = await file;
    failed.write(rows[1]);
    failed.write(rows[2]);
    const during = read().replaceAll(folder, '<folder>');
    failed.close(isComplete);
    expect(listLeftovers()).toEqual([]);
    return [during, read().replaceAll(folder, '<folder>')];
  };

  test('has only the failed rows of a second run after that run was complete', async () => {
    const [during, after] = await failAgain(true);
    expect(after).toBe(afterCompleteRun);
    // A run that is killed leaves the file as it is during the run: with the failed rows of both runs. A JSON file then
    // has only the rows of the earlier run, because new rows are written to a JSON file only when the run ends.
    expect(during).toBe(source === 'c.json' ? earlier : afterStop);
  });

  test('keeps its rows and gets those of a second run, each once, if that run stops early', async () => {
    expect((await failAgain(false))[1]).toBe(afterStop);
  });

  test('after a second run without failures, has no rows if that run was complete, and else keeps its rows', async () => {
    for (const isComplete of [true, false]) {
      const { file, read, bytes } = await open(source, earlier);
      (await file).close(isComplete);
      if (isComplete) expect(read()).toBe(noRows);
      else if (source !== 'c.json') expect(read()).toBe(bytes);
      else expect(JSON.parse(read())).toEqual(JSON.parse(earlier));
    }
  });
});

test('a last line that a crash has cut is removed before rows are added', async () => {
  const { file, rows, read } = await open('c.ndjson', '{"id":1,"t":"a"}\n{"id');
  const failed = await file;
  failed.write(rows[1]);
  expect(read()).toBe('{"id":1,"t":"a"}\n{"id":2}\n');
  failed.close(false);
});

test.each([
  ['c.csv', 'id,t\n\n2,x\n\n'],
  ['c.ndjson', '{"id":1,"t":"a"}\n\n{"id":2}\n\n'],
  ['*.txt', '<folder>/1.txt\n\n<folder>/2.txt\n\n'],
])('empty lines in a file with failed rows of %s are skipped', async (source, content) => {
  const { file, rows, read, bytes } = await open(source, content);
  const failed = await file;
  failed.write(rows[1]);
  expect(read()).toBe(bytes);
  failed.close(false);
});

describe('a file is rejected and stays unchanged', () => {
  test.each([
    ['*.txt', 'notes\n'],
    ['*.txt', '<folder>/1.txt\n/etc/passwd\n'],
    ['c.ndjson', '{"row":{"id":1},"number":1,"status":"completed","replies":{}}\n'],
    ['c.ndjson', '{"id":1,"t":"a"}\n{ not JSON\n'],
    ['c.ndjson', '{ "a": 1 }'],
    ['c.ndjson', '"text"\n'],
    ['c.json', '[\n"a list"\n]\n'],
    ['c.json', '[{"other":1}]\n'],
    ['c.json', '{"id":1}\n'],
    ['c.csv', 'id,t,reply\n1,a,b\n'],
    ['c.csv', 'id,t\n1,a,b\n'],
    ['c.csv', 'id,t\n"1" 2,a\n'],
    ['c.csv', Buffer.from([0x69, 0xff, 10])],
    ['-', '{"id":1,"t":"a"}\n'],
  ])('if it does not have rows of the source: %s and %j', async (source, content) => {
    const { file, read, bytes } = await open(source, content);
    await expect(file).rejects.toMatchObject({
      code: 'no_input',
      message: expect.stringContaining('is left unchanged'),
    });
    expect(read()).toBe(bytes?.toString());
  });

  test.each([
    ['c.ndjson', '{ not JSON', 'is not a file of failed rows of c.ndjson'],
    ['c.ndjson', '{"other":1}\n', ':1 does not look like a row of c.ndjson'],
    ['c.json', '[{"id":1,"t":"a"},{"other":1}]\n', ', row 2 does not look like a row of c.json'],
    ['-', '{"id":1,"t":"a"}\n', "rows on standard input can't be compared with those in "],
  ])('with an error that says what is wrong: %s and %j', async (source, content, problem) => {
    const { file } = await open(source, content);
    await expect(file).rejects.toThrow(problem);
  });

  test('without --resume, even if it has failed rows of the source', async () => {
    const { file, read } = await open('c.csv', 'id,t\n2,x\n', false);
    await expect(file).rejects.toMatchObject({ code: 'usage' });
    expect(read()).toBe('id,t\n2,x\n');
  });
});
