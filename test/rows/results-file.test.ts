import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRows } from '../../src/rows/open-rows.js';
import { openResultsFile } from '../../src/rows/results/results-file.js';
import { createRowResult } from '../../src/rows/results/row-result.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

const usage = { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 };

/**
 * Writes a results file as if an earlier run had left it, and opens it to resume the rows of `c.csv`, or of the standard
 * input `stdin`. If that fails, checks that the file is unchanged.
 */
async function open(name: string, content: string | Buffer, matrixKeys: string[] = [], stdin?: string) {
  const folder = createTemporaryFolder(onTestFinished, { 'c.csv': 'id\n1\n2\n3\n' });
  const path = join(folder, name);
  writeFileSync(path, content);
  const chunks = (async function* () {
    yield Buffer.from(stdin ?? '');
  })();
  const source = await openRows(stdin === undefined ? 'c.csv' : '-', { cwd: folder, stdin: chunks });
  onTestFinished(source.close);
  const read = () => readFileSync(path, 'utf8');
  const results = await openResultsFile({ path, source, actNames: ['a'], matrixKeys, resume: true }).catch((thrown) => {
    expect(read()).toBe(content.toString());
    throw thrown;
  });
  onTestFinished(results.close);
  return { results, read };
}

const createResult = (id: string, matrix?: Record<string, string>) =>
  createRowResult(
    { rowValues: { id }, number: 1, ...(matrix && { matrix }) },
    { ...{ run: 'r', narrative: 'n', description: undefined, status: 'completed', usage, durationMs: 1 }, acts: [] },
    false,
  );

const toLine = (id: string, status = 'completed') =>
  JSON.stringify({ row: { id }, number: 1, status, reply: 'x', replies: { a: 'x\r\n\0é' }, usage });

test('earlier NDJSON results stay byte for byte, except failed ones and a cut last line, which are removed', async () => {
  const cut = Buffer.concat([Buffer.from(`${toLine('3')}`).subarray(0, -10), Buffer.from([0xc3])]);
  const kept = `${toLine('1')}\n`;
  const { results, read } = await open(
    'r.ndjson',
    Buffer.concat([Buffer.from(`${kept}${toLine('2', 'failed')}\n`), cut]),
  );
  expect(read()).toBe(kept);
  // Each result can be claimed once: none is left for the second row with the id 1.
  expect(['1', '1', '2', '3'].map((id) => results.claimEarlierResult({ rowValues: { id } }))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  results.write(createResult('2'));
  expect(
    read()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).row.id),
  ).toEqual(['1', '2']);
});

test('a cut last line of earlier CSV results is removed, even if it was cut within a cell of several lines', async () => {
  const header = 'id,reply,a,status,error\n';
  const kept = `${header}1,x,"a\r\n""b""\0",completed,\n`;
  for (const cut of ['2,x,"y', '2,x,"y\nz', '2']) {
    const { results, read } = await open('r.csv', `${kept}${cut}`);
    expect(read()).toBe(kept);
    expect(['1', '2'].map((id) => results.claimEarlierResult({ rowValues: { id } }))).toEqual([true, false]);
    results.write(createResult('2'));
    expect(read()).toBe(`${kept}2,,,completed,\n`);
  }
});

test('results of the same row are told apart by their combination', async () => {
  const { results, read } = await open('r.csv', 'id,model,reply,a,status,error\n1,m,x,x,completed,\n', ['model']);
  expect(results.claimEarlierResult({ rowValues: { id: '1' }, matrix: { model: 'n' } })).toBe(false);
  expect(results.claimEarlierResult({ rowValues: { id: '1' }, matrix: { model: 'm' } })).toBe(true);
  results.write(createResult('1', { model: 'n' }));
  expect(read().split('\n')[2]).toBe('1,n,,,completed,');
});

test('if rows come from standard input, the header of the earlier CSV results says which columns the rows have', async () => {
  const csv = 'id,reply,a,status,error\n1,x,x,completed,\n2,,,failed,e\n';
  const { results, read } = await open('r.csv', `${csv}3,cut`, [], '{"id":1}\n{"id":2}\n');
  expect(read()).toBe('id,reply,a,status,error\n1,x,x,completed,\n');
  expect([
    results.claimEarlierResult({ rowValues: { id: 1 } }),
    results.claimEarlierResult({ rowValues: { id: 2 } }),
  ]).toEqual([true, false]);
  expect(results.explainUnwritable({ number: 3, values: { other: 1 }, raw: '', folder: '' })).toContain(
    'the row has the key "other"',
  );
});

describe('a file that no earlier run of the narrative wrote is rejected and stays unchanged', () => {
  test.each([
    ['r.ndjson', 'precious'],
    ['r.ndjson', '{"row": {}'],
    ['r.ndjson', `${toLine('1')}\nprecious\n`],
    ['r.ndjson', Buffer.from([0x7b, 0xff, 10])],
    ['r.csv', 'id,name\n1,2\n'],
    ['r.csv', 'id,reply,a,status,error\n1,2\n'],
    ['r.csv', 'precious'],
    ['r.csv', '"precious\n'],
    ['r.csv', '"precious\nx'],
    ['r.csv', 'id,reply,a,status,error\n"1,x,x,completed,\n2,x,x,completed,\n'],
    ['r.csv', 'id,reply,a,status,error\n"1" 2,,,,\n'],
    ['r.csv', Buffer.from([0x69, 0xff, 10])],
  ])('%s: %j', async (name, content) => {
    const error = { code: 'usage', message: expect.stringContaining('is not a result') };
    await expect(open(name, content)).rejects.toMatchObject(error);
    await expect(open(name, content, [], '{"id":1}\n')).rejects.toMatchObject(error);
  });
});
