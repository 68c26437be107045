import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { dayQuotaError } from '../../helpers/gemini/errors.js';
import { blockedPromptReply, textReply } from '../../helpers/gemini/replies.js';
import type { ReceivedRequest } from '../../helpers/gemini/send-reply.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { getPrompt, parseCsv, parseLines, renderNarrative, setupRows } from './rows-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const getModel = ({ path }: ReceivedRequest) => /models\/([^:]+)/.exec(path)?.[1];
const getTemperature = ({ body }: ReceivedRequest) => body.generationConfig?.temperature;
const matrixArgs = ['--matrix', 'model=gemini-a,gemini-b', '--matrix', 'temperature=0,1'];
const rowsArgs = ['--each', 'three.csv', ...matrixArgs];

/** A folder with `three.csv`, a file of three rows. Each reply has the model, temperature and prompt of its request. */
function setup(files: Record<string, string> = {}) {
  const fixture = setupRows(server, { 'three.csv': 'id,text\n1,x\n2,y\n3,z\n', ...files });
  server.setDefaultReply((request) =>
    textReply(`${getModel(request)} at ${getTemperature(request)}: ${getPrompt(request)}`),
  );
  return {
    ...fixture,
    runs: async (...args: string[]) => (await runInProcess(['runs', ...args], fixture.options)).stdout,
  };
}

describe('2 models × 2 temperatures × 3 rows', () => {
  test('cause 12 requests; ndjson, CSV, folders and the history show the combination of each of the 12 runs', async () => {
    const { run, runs, read, cwd } = setup();
    const { code, stdout, stderr } = await run(...rowsArgs, '-o', 'ndjson', '--out-dir', 'out');
    expect([code, stderr]).toEqual([0, '12 runs: 12 done\n']);
    const sent = server.generateRequests.map((request) => [
      getPrompt(request),
      getModel(request),
      getTemperature(request),
    ]);
    const combinations = ['gemini-a', 'gemini-b'].flatMap((model) =>
      [0, 1].map((temperature) => ({ model, temperature })),
    );
    const expected = ['x', 'y', 'z'].flatMap((text) => combinations.map((matrix) => ({ text, matrix })));
    expect(sent.sort()).toEqual(
      expected.map(({ text, matrix }) => [`Answer: ${text}`, matrix.model, matrix.temperature]).sort(),
    );
    expect(
      parseLines(stdout).map(({ row, number, matrix, reply }) => ({ text: row.text, number, matrix, reply })),
    ).toEqual(
      expected.map(({ text, matrix }) => ({
        ...{ text, matrix, number: 'xyz'.indexOf(text) + 1 },
        reply: `${matrix.model} at ${matrix.temperature}: Answer: ${text}`,
      })),
    );
    const folders = readdirSync(join(cwd, 'out')).sort();
    expect([folders.length, folders[5]]).toEqual([12, '000002-0002-model=gemini-a-temperature=1']);
    expect(readFileSync(join(cwd, 'out', folders[5] ?? '', '01-answer.md'), 'utf8')).toBe('gemini-a at 1: Answer: y\n');

    expect(await runs()).toMatch(
      / comments +gemini-a, gemini-b {2}three\.csv {2}model=gemini-a,gemini-b temperature=0,1 +12\/12 runs /,
    );
    const shown = await runs('show');
    const labels = [...shown.matchAll(/^ +(\d+) {2}completed {2}(\d) {2}(model=gemini-[ab] temperature=[01])$/gm)];
    expect(new Set(labels.map(([, , row, label]) => `${row} ${label}`)).size).toBe(12);
    expect(shown).toContain('runs of three.csv with model=gemini-a,gemini-b temperature=0,1;');
    const exported = JSON.parse(await runs('export', 'last/6'));
    expect(exported).toMatchObject({ rowLabel: '2', matrix: { model: 'gemini-a', temperature: 1 } });
    expect(exported.matrixLabel).toBe('model=gemini-a temperature=1');

    const resumed = await run(...rowsArgs, '--resume', '--results', 'r.csv');
    expect([resumed.code, server.generateRequests.length]).toEqual([0, 12]);
    const lines = parseCsv(read('r.csv'));
    expect(Object.keys(lines[0] ?? {})).toEqual([
      'id',
      'text',
      'model',
      'temperature',
      'reply',
      'answer',
      'status',
      'error',
    ]);
    expect(new Set(lines.map(({ id, model, temperature }) => `${id} ${model} ${temperature}`)).size).toBe(12);
  });

  test('failed runs do not stop others; --failed lists a row only once, even if two of its runs failed; --resume requests only failed runs', async () => {
    const { run, read } = setup();
    server.setDefaultReply((request) =>
      getPrompt(request).endsWith('y') && getModel(request) === 'gemini-b' ? blockedPromptReply() : textReply('fine'),
    );
    const first = await run(...rowsArgs, '--results', 'r.ndjson', '--failed', 'f.csv');
    expect(first.code).toBe(76);
    expect(first.stderr).toMatch(/^boticelli: row 2 \(three\.csv:3\) model=gemini-b temperature=0: answer: .*blocked/m);
    expect(first.stderr).toMatch(/\n12 runs: 10 done, 2 failed \(2 blocked\)\n$/);
    expect(read('f.csv')).toBe('id,text\n2,y\n');
    server.setDefaultReply(() => textReply('fine'));
    const calls = server.generateRequests.length;
    const second = await run(...rowsArgs, '--results', 'r.ndjson', '--failed', 'f.csv', '--resume');
    expect([second.code, server.generateRequests.length - calls]).toEqual([0, 2]);
    expect(second.stderr).toMatch(/12 runs: 12 done \(10 in earlier runs\)/);
    const results = parseLines(read('r.ndjson')).map(({ row, matrix }) => JSON.stringify([row.id, matrix]));
    expect([results.length, new Set(results).size]).toEqual([12, 12]);
  });
});

test('a used-up daily quota stops only the runs of its model; with --resume, the file of --failed keeps its earlier rows', async () => {
  const { run, read } = setup({ 'f.csv': 'id,text\n3,z\n' });
  server.setDefaultReply((request) =>
    getModel(request) === 'gemini-a' ? dayQuotaError('gemini-a') : textReply('fine'),
  );
  const { code, stderr } = await run(
    ...['--each', 'three.csv', '--matrix', 'model=gemini-a,gemini-b', '--failed', 'f.csv', '--resume'],
    ...['--jobs', '1', '--no-fallback', '--retries', '0'],
  );
  expect([code, server.generateRequests.map(getModel)]).toEqual([75, ['gemini-a', 'gemini-b', 'gemini-b', 'gemini-b']]);
  expect(stderr).toMatch(/warning: 2 runs with model=gemini-a were not run: .*\n.*\n6 runs: 3 done, 1 failed/);
  expect(read('f.csv')).toBe('id,text\n3,z\n1,x\n');
});

describe('without rows', () => {
  const files = {
    'n.toml': renderNarrative('first = "Think."\nlast = "Write in a {{vars.tone}} tone."', '["first", "last"]').replace(
      '[toc]',
      '[vars]\ntone = "plain"\n[toc]',
    ),
  };

  test('replies are printed in order, with labels on standard error; --resume and --replay reuse the reply of the same combination', async () => {
    const { run, runs, cwd } = setup(files);
    let requestCount = 0;
    server.setDefaultReply((request) => {
      requestCount += 1;
      return textReply(`${requestCount} ${getPrompt(request)}`);
    });
    const args = ['--matrix', 'vars.tone=dry,warm\\, kind', '--record', 'rec.ndjson'];
    const { code, stdout, stderr } = await run(...args);
    // The first act sends the same request in both combinations, and each combination has a reply of its own.
    expect([code, stdout]).toEqual([0, '2 Write in a dry tone.\n\n4 Write in a warm, kind tone.\n']);
    expect(stderr).toMatch(/^\[1\/2\] vars\.tone=dry\n\[2\/2\] vars\.tone="warm, kind"\n2 runs: 2 done/m);
    expect(await runs('show')).toMatch(
      /runs of vars\.tone=dry,"warm, kind";.*\n\n {5}1 {2}completed {2}vars\.tone=dry\n {5}2 {2}completed {2}vars\.tone="warm, kind"\n/,
    );
    const resumed = await run('--matrix', 'vars.tone=warm\\, kind,dry', '--resume', '-q');
    expect(resumed.stdout).toBe('4 Write in a warm, kind tone.\n\n2 Write in a dry tone.\n');
    // The name of a folder can't contain a slash, so a slash in a value is replaced.
    const rehearsed = await run('--matrix', 'model=tunedModels/x', '--rehearse', '--out-dir', 'out');
    expect([rehearsed.code, readdirSync(join(cwd, 'out'))]).toEqual([0, ['0001-model=tunedModels-x']]);
    const replayed = await run('--matrix', 'vars.tone=dry,warm\\, kind', '--replay', 'rec.ndjson', '-o', 'json');
    expect(
      JSON.parse(replayed.stdout).map(({ number, row, matrix, reply }: Record<string, unknown>) => [
        number,
        row,
        matrix,
        reply,
      ]),
    ).toEqual([
      [1, {}, { 'vars.tone': 'dry' }, '2 Write in a dry tone.'],
      [2, {}, { 'vars.tone': 'warm, kind' }, '4 Write in a warm, kind tone.'],
    ]);
    expect(server.generateRequests).toHaveLength(4);
  });

  test('--max-failures and --max-cost end the runs early; a thinking level reaches the request', async () => {
    const { run } = setup(files);
    server.setDefaultReply(() => blockedPromptReply());
    const failed = await run('--matrix', 'thinking=low,0,2048', '--max-failures', '1', '--results', 'r.csv');
    expect(failed.code).toBe(76);
    expect(failed.stderr).toContain('runs 2 to 3 were not run: 1 run failed (--max-failures)');
    expect(server.generateRequests[0]?.body.generationConfig.thinkingConfig).toEqual({ thinkingLevel: 'LOW' });
    const tooExpensive = await run('--matrix', 'model=gemini-3.8-flash,gemini-2.5-pro', '--max-cost', '0.000001');
    expect([tooExpensive.code, server.generateRequests.length]).toEqual([75, 1]);
    expect(tooExpensive.stderr).toContain('run 2 was not run: ');
  });
});

describe('before the first run, the command', () => {
  const files = {
    'n.toml': '[narrative]\nname = "n"\n[vars]\ntone = "dry"\n[toc]\norder = ["a"]\n[acts]\na = "{{vars.tone}}"\n',
    'rows.toml': renderNarrative(),
    'models.csv': 'text,model\na,b\n',
  };
  const run = (args: string[], file = 'n.toml') => {
    const cwd = createTemporaryFolder(onTestFinished, files);
    return runInProcess(['run', join(cwd, file), '--rehearse', ...args], { cwd, env: { HOME: cwd } }).then(
      (result) => ({
        ...result,
        cwd,
      }),
    );
  };
  const temperatures = Array.from({ length: 11 }, (_, index) => index / 10).join(',');
  const models = Array.from({ length: 100 }, (_, index) => `m${index}`).join(',');

  test.each([
    [['--matrix', 'modle=a'], '--matrix modle=a: unknown key "modle"\n  Did you mean model?'],
    [['--matrix', 'tone=a'], 'and vars.tone for the variable tone'],
    [['--matrix', 'vars.tome=a,b'], '--matrix vars.tome: unknown variable\n  Did you mean tone?'],
    [['--matrix', 'temperature=0,3'], '--matrix temperature=0,3: "3" is not valid\n  Expected a number from 0 to 2.'],
    [['--matrix', 'thinking=huge'], '"huge" is not valid\n  Expected minimal, low,'],
    [['--matrix', 'model=a b'], '"a b" is not valid'],
    [['--matrix', 'model='], '--matrix model=: a value is empty'],
    [['--matrix', 'model=a,,b'], 'a value is empty'],
    [['--matrix', 'model=a,models/a'], 'the value "a" is given twice'],
    [['--matrix', 'temperature=1,1.0'], 'the value 1 is given twice'],
    [['--matrix', 'model=a', '--matrix', 'model=b'], '--matrix model=b: the key model is given twice'],
    [['--matrix', 'model'], 'expected key=a,b'],
    [
      ['--matrix', `model=${models}`, '--matrix', `temperature=${temperatures}`],
      '--matrix has 1,100 combinations, more than 1,000',
    ],
    [['--matrix', 'model=a', '-m', 'b'], "it can't be combined with --model"],
    [['--matrix', 'temperature=1', '--temperature', '0'], "it can't be combined with --temperature"],
    [['--matrix', 'vars.tone=a', '--var', 'tone=b'], "it can't be combined with --var tone"],
    [['--matrix', 'model=a', 'rows.toml'], '--matrix accepts only one narrative'],
    [['--matrix', 'model=a', '--failed', 'f.csv'], '--failed needs --each'],
    [['--max-failures', '1'], '--max-failures needs --each or --matrix'],
  ])('rejects %j', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('rejects a narrative that needs rows if there is no --each', async () => {
    const missing = await run(['--matrix', 'model=a,b'], 'rows.toml');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('there are no rows')]);
  });

  test('rejects a column named like a matrix key if --results is a CSV file, but not with -o ndjson', async () => {
    const clash = await run(['--each', 'models.csv', '--matrix', 'model=a,b', '--results', 'r.csv'], 'rows.toml');
    expect([clash.code, existsSync(join(clash.cwd, 'r.csv'))]).toEqual([65, false]);
    expect(clash.stderr).toContain('the source has a column named "model"');
    // In ndjson, the values of the row and of the combination are in separate objects.
    const ndjson = await run(['--each', 'models.csv', '--matrix', 'model=a,b', '-o', 'ndjson'], 'rows.toml');
    expect(parseLines(ndjson.stdout)[1]).toMatchObject({ row: { model: 'b' }, matrix: { model: 'b' } });
  });
});
