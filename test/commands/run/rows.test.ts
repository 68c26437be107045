import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dayQuotaError } from '../../helpers/gemini/errors.js';
import { blockedPromptReply, createGate, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { killRows } from '../../soak/kill-rows.js';
import { comments, getPrompt, parseCsv, parseLines, renderNarrative, setupRows, toCsv } from './rows-fixture.js';

vi.setConfig({ testTimeout: 60_000 });

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

test('30 comments cause 30 requests with exactly their texts; the CSV and NDJSON results contain each reply', async () => {
  const { run, read, prompts } = setupRows(server);
  const { code, stdout, stderr } = await run('--each', 'c.csv', '--results', 'r.csv');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(prompts().sort()).toEqual(comments.map(({ text }) => `Answer: ${text}`).sort());
  expect(lastLine(stderr)).toMatch(/^30 rows: 30 done$/);
  const rows = parseCsv(read('r.csv'));
  expect(rows.sort((left, right) => Number(left.id) - Number(right.id))).toEqual(
    comments.map(({ id, text }) => {
      const reply = `Reply to <Answer: ${text}>`;
      return { id, text, reply, answer: reply, status: 'completed', error: '' };
    }),
  );
  await run('--each', 'c.csv', '--results', 'r.ndjson', '--resume');
  const results = parseLines(read('r.ndjson')).sort((left, right) => left.number - right.number);
  expect(results.map(({ row }) => row)).toEqual(comments);
  expect(results[4]).toMatchObject({ number: 5, status: 'completed', replies: { answer: results[4].reply } });
  expect(server.generateRequests).toHaveLength(30);
});

test('standard output keeps the order of the rows in each format, whichever row finishes first', async () => {
  const rows = comments.slice(0, 6).map(({ id }) => ({ id, text: `T${id}` }));
  const { run } = setupRows(server, { 'c.csv': toCsv(rows) });
  server.setDefaultReply((request) => {
    const number = Number(/T(\d)/.exec(getPrompt(request))?.[1]);
    return textReply(`reply ${number}\n\n`, { headersDelayMs: (6 - number) * 30 });
  });
  const text = await run('--each', 'c.csv');
  expect(text.stdout).toBe(`${[1, 2, 3, 4, 5, 6].map((number) => `reply ${number}\n`).join('\n')}`);
  const ndjson = await run('--each', 'c.csv', '-o', 'ndjson', '--resume');
  expect(parseLines(ndjson.stdout).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  const json = await run('--each', 'c.csv', '-o', 'json', '--resume');
  expect(JSON.parse(json.stdout).map(({ reply }: { reply: string }) => reply.trim())).toEqual(
    [1, 2, 3, 4, 5, 6].map((number) => `reply ${number}`),
  );
  expect(server.generateRequests).toHaveLength(6);
});

describe('failed rows', () => {
  const jsonNarrative = renderNarrative(
    '[acts.a]\nformat = "json"\nschema = { type = "object", required = ["tone"] }\nmax_tokens = 100\n[[acts.a.input]]\ntype = "text"\ncontent = "Answer: {{row.text}}"',
    '["a"]',
  );

  test('do not end the run; --failed contains them unchanged; --resume requests only them and new rows, however the rows are sorted', async () => {
    const { run, read, write } = setupRows(server, { 'n.toml': jsonNarrative });
    const failures = new Map([
      ['3', blockedPromptReply()],
      ['12', textReply('{"mood": 1}')],
      ['21', textReply('{"tone": "ca', { finishReason: 'MAX_TOKENS' })],
    ]);
    const setReplies = (hasFailures: boolean) =>
      server.setDefaultReply((request) => {
        const id = /(?:Comment |line |é, \\")(\d+)/.exec(JSON.stringify(request.body))?.[1] ?? '';
        return (hasFailures && failures.get(id)) || textReply(`{"tone": "good ${id}"}`);
      });
    setReplies(true);
    const first = await run('--each', 'c.csv', '--results', 'r.ndjson', '--failed', 'f.csv');
    expect(first.code).toBe(76);
    expect(first.stderr).toMatch(/^boticelli: row 3 \(c\.csv:5\): a: .*blocked/m);
    expect(lastLine(first.stderr)).toMatch(/^30 rows: 27 done, 3 failed \(/);
    const failedRows = comments.filter(({ id }) => failures.has(id));
    expect(read('f.csv')).toBe(toCsv(failedRows));
    const results = parseLines(read('r.ndjson'));
    expect(results.filter(({ error }) => error).map(({ number, status, reply }) => [number, status, reply])).toEqual(
      expect.arrayContaining([3, 12, 21].map((number) => [number, 'failed', undefined])),
    );
    expect(results.find(({ number }) => number === 5).reply).toEqual({ tone: 'good 5' });

    setReplies(false);
    const calls = server.generateRequests.length;
    const added = Array.from({ length: 10 }, (_, index) => ({ id: `n${index}`, text: `Comment 9${index}` }));
    write('c.csv', toCsv([...added, ...comments.toReversed()]));
    const second = await run('--each', 'c.csv', '--results', 'r.ndjson', '--failed', 'f.csv', '--resume');
    expect([second.code, server.generateRequests.length - calls]).toEqual([0, 13]);
    expect(lastLine(second.stderr)).toMatch(/^40 rows: 40 done \(27 in earlier runs\)$/);
    expect(
      parseLines(read('r.ndjson'))
        .map(({ row }) => row.id)
        .sort(),
    ).toEqual([...comments, ...added].map(({ id }) => id).sort());
    expect(read('f.csv')).toBe('"id","text"\r\n');
    // Without the results file, the stored replies are used.
    await run('--each', 'c.csv', '--results', 'again.ndjson', '--resume');
    expect([server.generateRequests.length - calls, parseLines(read('again.ndjson')).length]).toEqual([13, 40]);
  });

  test('end the run after --max-failures, and the error names the rows that did not run', async () => {
    const { run } = setupRows(server);
    server.setDefaultReply(() => blockedPromptReply());
    const { code, stderr } = await run('--each', 'c.csv', '--jobs', '1', '--max-failures', '2');
    expect([code, server.generateRequests.length]).toEqual([76, 2]);
    expect(stderr).toContain('rows 3 to 30 were not run: 2 rows failed (--max-failures)');
    expect(lastLine(stderr)).toBe('30 rows: 0 done, 2 failed (2 blocked), 28 not finished, $0.00');
  });

  test('end the run if the daily quota is used up: the error names the rows that were not run, and the resume command is printed', async () => {
    const { run } = setupRows(server);
    server.queueReplies(textReply('one'), textReply('two'));
    server.setDefaultReply(() => dayQuotaError('gemini-flash-lite-latest'));
    const { code, stderr, stdout } = await run('--each', 'c.csv', '--jobs', '1', '--no-fallback', '--retries', '0');
    expect([code, stdout]).toEqual([75, 'one\n\ntwo\n']);
    expect(stderr).toMatch(/rows 4 to 30 were not run: /);
    expect(stderr).toMatch(
      /Resume with: boticelli run n\.toml --each c\.csv .* --resume\n30 rows: 2 done, 1 failed \(1 quota_exhausted\), 27 not finished/,
    );
  });
});

test('Ctrl-C keeps finished rows and prints the resume command; --resume requests the other rows', async () => {
  const { start, run, read } = setupRows(server);
  const gate = createGate();
  // The first ten rows get their replies without delay. The replies to later rows wait for the gate.
  server.setDefaultReply((request) =>
    textReply(`to ${getPrompt(request)}`, server.generateRequests.length > 10 ? { gate } : {}),
  );
  const running = start('--each', 'c.csv', '--results', 'r.ndjson');
  await server.waitForRequests(14);
  running.child.kill('SIGINT');
  const { signal, stderr } = await running.result;
  expect(signal).toBe('SIGINT');
  expect(stderr).toMatch(
    /interrupted by SIGINT\n {2}Resume with: boticelli run .*--resume\n30 rows: 10 done, 20 not finished/,
  );
  expect(parseLines(read('r.ndjson'))).toHaveLength(10);
  gate.releaseAll();
  server.setDefaultReply(() => textReply('later'));
  const calls = server.generateRequests.length;
  expect((await run('--each', 'c.csv', '--results', 'r.ndjson', '--resume')).code).toBe(0);
  expect([server.generateRequests.length - calls, parseLines(read('r.ndjson')).length]).toEqual([20, 30]);
});

test('reads rows from standard input, and reports each invalid row without stopping the others', async () => {
  const { options } = setupRows(server);
  const input = '{"text":"a"}\nnonsense\n{"txt":"b"}\n{"text":"c"}\n';
  const piped = await runInProcess(['run', 'n.toml', '--each', '-', '--failed', 'f.ndjson', '-o', 'ndjson'], {
    ...options,
    input,
  });
  expect(piped.code).toBe(65);
  expect(parseLines(piped.stdout).map(({ status, error }) => error?.message ?? status)).toEqual([
    'completed',
    'not JSON',
    '{{row.text}} has no value: the row has no key "text"',
    'completed',
  ]);
});

test('prints the latest reply of the last act as text if the act runs twice', async () => {
  const acts = 'a = "A {{row.text}}"\nb = "B"';
  const { run } = setupRows(server, { 'n.toml': renderNarrative(acts, '["a", "b", "a"]'), 'c.csv': 'text\nx\n' });
  server.queueReplies(textReply('first'), textReply('second'), textReply('third'));
  expect(await run('--each', 'c.csv')).toMatchObject({ code: 0, stdout: 'third\n' });
});

test('a JSON reply of null is null in the results, and not the text "null"', async () => {
  const acts = '[acts.a]\nformat = "json"\nprompt = "Answer: {{row.text}}"';
  const { run } = setupRows(server, { 'n.toml': renderNarrative(acts, '["a"]'), 'c.csv': 'text\nx\n' });
  server.setDefaultReply(() => textReply('null'));
  const { code, stdout } = await run('--each', 'c.csv', '-o', 'ndjson');
  expect([code, parseLines(stdout)]).toMatchObject([0, [{ status: 'completed', reply: null, replies: { a: 'null' } }]]);
});

test.each([
  ['2/10', 1, ['000001', '000011', '000021']],
  ['1/10', 0, ['000010', '000020', '000030']],
])('--shard %s runs the rows whose number modulo 10 is %d', async (shard, _remainder, folders) => {
  const { run, cwd } = setupRows(server);
  const { stderr } = await run('--each', 'c.csv', '--shard', shard, '--out-dir', 'out');
  expect(lastLine(stderr)).toMatch(/^3 rows: 3 done/);
  expect(readdirSync(join(cwd, 'out')).sort()).toEqual(folders);
});

test('--out-dir has a folder for each row, with the replies and run.json', async () => {
  const { run, cwd } = setupRows(server);
  await run('--each', 'c.csv', '--shard', '3/10', '--out-dir', 'out');
  expect(readdirSync(join(cwd, 'out/000002')).sort()).toEqual(['01-answer.md', 'run.json']);
});

test('long numbers keep all digits in the request, the results, the failed rows, and with --resume', async () => {
  const row = '{"text":12345678901234567890,"more":{"id":9007199254740993}}';
  const { run, read, prompts } = setupRows(server, {
    'n.toml': renderNarrative('answer = "{{row.text}} {{row}} {{row.more}}"'),
    'c.ndjson': `${row}\n`,
    'c.json': `[${row}]`,
  });
  expect((await run('--each', 'c.ndjson', '--results', 'r.ndjson')).code).toBe(0);
  expect(prompts()).toEqual([`12345678901234567890 ${row} {"id":9007199254740993}`]);
  expect(read('r.ndjson')).toContain(`{"row":${row},`);
  const resumed = await run('--each', 'c.json', '--results', 'r.ndjson', '--resume');
  expect([resumed.stderr, server.generateRequests.length]).toEqual(['1 row: 1 done (1 in earlier runs), $0.00\n', 1]);
  server.setDefaultReply(() => blockedPromptReply());
  await run('--each', 'c.json', '--failed', 'f.json');
  expect(read('f.json')).toBe(`[\n${row}\n]\n`);
});

describe('bad input', () => {
  test.each([
    [
      ['--each', 'bad.csv'],
      65,
      'n.toml uses {{row.text}}, but bad.csv has no column "text"\n  Did you mean {{row.texts}}?',
    ],
    [['--each', 'c.csv', '--results', 'c.csv'], 2, '--each and --results name the same file'],
    [['--each', 'c.csv', '--failed', 'n.toml'], 2, 'the narrative and --failed name the same file'],
    [['--each', 'c.csv', '--results', 'old.ndjson'], 2, 'old.ndjson exists already'],
    [['--each', 'c.csv', '--results', 'old.ndjson', '--resume'], 2, 'old.ndjson:1 is not a result of this narrative'],
    [['--each', 'c.csv', '--results', 'link.ndjson'], 74, 'it is a symbolic link to'],
    [['--each', 'c.csv', '--results', 'r.txt'], 2, '--results r.txt: unknown kind of file'],
    [['--each', 'status.csv', '--results', 'r.csv'], 65, 'the source has a column named "status"'],
    [['--each', 'c.csv', '--shard', '3/2'], 2, 'Expected k/n with k from 1 to n'],
    [['--results', 'r.csv'], 2, '--results needs --each'],
    [[], 2, 'the narrative uses {{row.text}}, but there are no rows'],
  ])('%j ends with %i', async (args, code, message) => {
    const { run, cwd, read } = setupRows(server, {
      ...{ 'bad.csv': 'id,texts\n', 'status.csv': 'text,status\na,b\n', 'old.ndjson': '{"a": 1}\n' },
    });
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'link.ndjson'));
    const { code: exitCode, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect([exitCode, server.generateRequests.length, existsSync(join(cwd, 'elsewhere'))]).toEqual([code, 0, false]);
    expect(read('old.ndjson')).toBe('{"a": 1}\n');
  });

  test('a source without rows causes only a warning, but an empty file is an error', async () => {
    const { run } = setupRows(server, { 'none.csv': 'text\n', 'empty.csv': '' });
    const none = await run('--each', 'none.csv');
    expect([none.code, none.stderr]).toEqual([0, 'boticelli: warning: none.csv has no rows\n0 rows: 0 done, $0.00\n']);
    expect((await run('--each', 'empty.csv')).code).toBe(66);
  });
});

test('`runs` lists a run with rows as one run; `runs show` and `runs export` accept a single row of it; `runs clear` deletes the run with its rows', async () => {
  const { run, options } = setupRows(server);
  await run('--each', 'c.csv');
  const runs = async (...args: string[]) => (await runInProcess(['runs', ...args], options)).stdout;
  const { total, runs: listed } = JSON.parse(await runs('--format', 'json'));
  expect([total, listed[0]]).toEqual([
    1,
    expect.objectContaining({ source: 'c.csv', actCount: 30, actsEnded: 30, attempts: 30, status: 'completed' }),
  ]);
  expect(await runs()).toContain(' 30/30 rows ');
  expect(await runs('show')).toMatch(/30 of 30 rows[\s\S]*rows of c\.csv[\s\S]*\n {5}7 {2}completed {2}7\n/);
  expect(await runs('show', 'last/5')).toContain('Reply to <Answer: first line\nsecond line 5>');
  expect(await runs('export', '--format', 'markdown')).toMatch(/^- completed after .*, 30 of 30 rows$/m);
  expect(JSON.parse(await runs('export', 'last/5'))).toMatchObject({ rowLabel: '5', acts: [{ act: 'answer' }] });
  expect(await runs('clear', '--yes')).toBe('Deleted 1 run and 30 stored replies.\n');
  expect(await runs('show', `${listed[0].run}/5`)).toBe('');
});

test('a run that is killed at random moments loses no finished row and leaves no broken line', async () => {
  // The run has 30 rows and is killed three times, at moments that the seed 7 determines.
  const { kills, problems } = await killRows(30, 3, 7);
  expect({ kills, problems }).toEqual({ kills: 3, problems: [] });
});

test('with --resume and --replay, each of several rows with equal requests keeps its own reply, whichever finished first', async () => {
  const rows = Array.from({ length: 6 }, (_, index) => ({ id: String(index), text: 'same' }));
  const { run, options } = setupRows(server, { 'c.csv': toCsv(rows) });
  let count = 0;
  server.setDefaultReply(() => {
    count += 1;
    return textReply(`reply ${count}`, { headersDelayMs: (7 - count) * 25 });
  });
  const first = await run('--each', 'c.csv', '-o', 'ndjson', '--record', 'rec.ndjson', '--jobs', '6');
  const repliesOf = ({ stdout }: { stdout: string }) => parseLines(stdout).map(({ reply }) => reply);
  expect(new Set(repliesOf(first)).size).toBe(6);
  expect(repliesOf(await run('--each', 'c.csv', '-o', 'ndjson', '--resume'))).toEqual(repliesOf(first));
  const replayed = await runInProcess(['run', 'n.toml', '--each', 'c.csv', '-o', 'ndjson', '--replay', 'rec.ndjson'], {
    cwd: options.cwd,
  });
  expect(repliesOf(replayed)).toEqual(repliesOf(first));
  expect(server.generateRequests).toHaveLength(6);
});

test('a full disk for --failed ends the run with 74, and every reply is stored for --resume', async () => {
  const { run, write } = setupRows(server);
  const full = await run('--each', 'c.csv', '--results', 'r.ndjson', '--failed', '/dev/full', '--resume');
  expect(full.code).toBe(74);
  // Stored replies are found by their requests, whatever the name of the source.
  write('other.csv', toCsv(comments));
  expect((await run('--each', 'other.csv', '--resume', '--results', 'r2.ndjson')).code).toBe(0);
  expect(server.generateRequests).toHaveLength(30);
});
