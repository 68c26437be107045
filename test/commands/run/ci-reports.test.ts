import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'junit2json';
import { expect, test } from 'vitest';
import { canaryKey, startBoticelli } from '../../helpers/boticelli.js';
import { blockedPromptReply, textReply } from '../../helpers/gemini/replies.js';
import { createInProcessFixture } from './in-process-fixture.js';

const fixture = createInProcessFixture();

const renderNarrative = (name: string, acts: string, order: string[]) =>
  `[narrative]\nname = "${name}"\n[toc]\norder = ${JSON.stringify(order)}\n[acts]\n${acts}\n`;
const orderOfFour = ['a', 'b', 'c', 'a'];
const fourActs = renderNarrative(
  'four',
  'a = "A"\nc = "C"\n[acts.b]\nprompt = "B"\nexpect = { equals = "<ok>" }',
  orderOfFour,
);

/**
 * A folder with narratives and rows. `runWithReports` adds --junit and --summary. `readSuites` reads the JUnit report:
 * the names of its suites, and the name and the outcome of each case.
 */
function setup(files: Record<string, string> = {}) {
  const folder = fixture.createFolder({
    ...{ 'four.toml': fourActs, 'one.toml': renderNarrative('one', 'a = "A"', ['a']), 'bad.toml': 'x = 1' },
    ...{
      'rows.toml': renderNarrative('rows', 'a = "Answer {{row.text}}"', ['a']),
      'r.csv': 'text\nx\ny\nz\n',
      ...files,
    },
  });
  return {
    ...folder,
    runWithReports: (...args: string[]) => folder.run(...args, '--junit', 'j.xml', '--summary', 's.md', '-q'),
    async readSuites() {
      const report = await parse(folder.read('j.xml'));
      if (!report || !('testsuite' in report)) throw new Error('no suites');
      return (report.testsuite ?? []).map(({ name, testcase = [] }) => ({
        name,
        cases: testcase.map((each) => [
          each.name,
          each.skipped ? 'skipped' : ([...(each.failure ?? []), ...(each.error ?? [])][0]?.type ?? 'passed'),
        ]),
      }));
    },
  };
}

test('reports each act as a case, escapes replies, replaces the JUnit report and appends to the summary', async () => {
  const { runWithReports, read, readSuites } = setup();
  fixture.server.queueReplies(textReply('one'), textReply('<b>no</b>'), textReply('<b>no</b>'));
  const { code } = await runWithReports('four.toml', 'one.toml', 'bad.toml');
  expect(code).toBe(76);
  expect(await readSuites()).toEqual([
    {
      name: 'four',
      cases: [
        ['a', 'passed'],
        ['b', 'unexpected_reply'],
        ['c', 'skipped'],
        ['a #2', 'skipped'],
      ],
    },
    { name: 'one', cases: [['a', 'passed']] },
    { name: 'bad', cases: [['bad', 'invalid_narrative']] },
  ]);
  expect(read('j.xml')).toContain('where &#34;&#60;ok&#62;&#34; is expected');
  const summary = read('s.md');
  expect(summary.match(/^### .*$/gm)).toEqual([
    '### <code>four</code>: failed',
    '### <code>bad</code>: failed',
    '### <code>one</code>: completed',
  ]);
  expect(summary).not.toContain('<b>');
  expect(`${summary}${read('j.xml')}`).not.toContain(canaryKey);

  fixture.server.queueReplies(textReply('one'), textReply('<ok>'));
  expect(await runWithReports('four.toml')).toMatchObject({ code: 0 });
  const [{ cases = [] } = {}] = await readSuites();
  expect(cases.map(([, outcome]) => outcome)).toEqual(['passed', 'passed', 'passed', 'passed']);
  expect(read('s.md')).toMatch(/^### [\s\S]*### <code>four<\/code>: completed/);
  expect(read('s.md').startsWith(summary)).toBe(true);
});

test('--each: reports the rows in the order of the file, and how many did not finish; if no row could start, reports the error', async () => {
  const { runWithReports, readSuites, read } = setup();
  fixture.server.setDefaultReply(({ body }) =>
    JSON.stringify(body).includes('Answer x') ? blockedPromptReply() : textReply('fine'),
  );
  expect(await runWithReports('rows.toml', '--each', 'r.csv')).toMatchObject({ code: 76 });
  expect(await readSuites()).toEqual([
    {
      name: 'rows',
      cases: [
        ['row 1: x', 'blocked'],
        ['row 2: y', 'passed'],
        ['row 3: z', 'passed'],
      ],
    },
  ]);
  expect(read('s.md')).toContain('2 of 3 rows');
  await runWithReports('rows.toml', '--each', 'r.csv', '--max-failures', '1', '--jobs', '1');
  expect((await readSuites())[0]?.cases).toEqual([
    ['2 rows not finished', 'skipped'],
    ['row 1: x', 'blocked'],
  ]);
  expect(await runWithReports('rows.toml', '--each', 'none.csv')).toMatchObject({ code: 66 });
  expect((await readSuites())[0]?.cases).toEqual([['rows', 'no_input']]);
});

test("--each: reports the rows if the recording can't be completed at the end", async () => {
  const { runWithReports, readSuites, read, write } = setup({ 'r.csv': 'text\nx\n' });
  fixture.server.setDefaultReply(() => {
    write('rec.ndjson', 'not a recording\n');
    return textReply('fine');
  });
  const { code, stderr } = await runWithReports('rows.toml', '--each', 'r.csv', '--record', 'rec.ndjson');
  expect(stderr).toContain('rec.ndjson:1: this line is not JSON');
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('1 row: 1 done');
  expect(code).toBe(66);
  expect(await readSuites()).toEqual([
    {
      name: 'rows',
      cases: [
        ['rows', 'no_input'],
        ['row 1: x', 'passed'],
      ],
    },
  ]);
  expect(read('s.md')).toContain('### <code>rows</code>: failed');
});

test('an interrupted run reports which acts passed, were interrupted or were not reached', async () => {
  const { cwd, env, readSuites, read } = setup();
  fixture.server.queueReplies(textReply('one'), textReply('never', { headersDelayMs: 60_000 }));
  const { child, result } = startBoticelli(['run', 'four.toml', '--junit', 'j.xml', '--summary', 's.md'], {
    cwd,
    env,
  });
  await fixture.server.waitForRequests(2);
  child.kill('SIGINT');
  expect(await result).toMatchObject({ signal: 'SIGINT' });
  expect((await readSuites())[0]?.cases).toEqual([
    ['a', 'passed'],
    ['b', 'interrupted'],
    ['c', 'skipped'],
    ['a #2', 'skipped'],
  ]);
  expect(read('s.md')).toContain('### <code>four</code>: interrupted');
  expect(readdirSync(cwd).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
});

test.each([
  [
    'both reports to one file',
    ['--junit', 'x.xml', '--summary', 'x.xml'],
    2,
    '--summary and --junit name the same file',
  ],
  ['a report over the narrative', ['--summary', 'one.toml'], 2, 'the narrative and --summary name the same file'],
  [
    'a report over the file of a variable',
    ['--var-file', 'text=r.csv', '--summary', 'r.csv'],
    2,
    '--var-file and --summary name the same file',
  ],
  [
    'a report over the recording',
    ['--record', 'x.ndjson', '--junit', 'x.ndjson'],
    2,
    '--record and --junit name the same file',
  ],
  ['a report over a file that boticelli did not write', ['--junit', 'r.csv'], 2, 'is not a JUnit report of boticelli'],
  ['a JUnit report over a folder', ['--junit', 'folder.d'], 74, 'it is not a regular file'],
  ['a summary over a folder', ['--summary', 'folder.d'], 74, "can't write"],
  ['a report to a missing folder', ['--junit', 'missing/j.xml'], 74, "can't write"],
  ['a report to a device', ['--junit', '/dev/null'], 74, 'it is not a regular file'],
  ['a report through a symbolic link', ['--junit', 'link.xml'], 74, 'it is a symbolic link'],
  ['a report with a name that is too long', ['--junit', 'x'.repeat(300)], 74, 'ENAMETOOLONG'],
])('refuses to write %s, before any request', async (_, flags, code, message) => {
  const { run, cwd, read } = setup();
  mkdirSync(join(cwd, 'folder.d'));
  symlinkSync(join(cwd, 'r.csv'), join(cwd, 'link.xml'));
  const { code: actual, stderr } = await run('one.toml', ...flags);
  expect(stderr).toContain(message);
  expect(actual).toBe(code);
  expect(fixture.server.requests).toEqual([]);
  expect([read('r.csv'), read('one.toml')]).toEqual(['text\nx\ny\nz\n', renderNarrative('one', 'a = "A"', ['a'])]);
  expect(existsSync(join(cwd, 'x.xml'))).toBe(false);
});

test("leaves lines out of a summary so that its file stays within GitHub's limit of 1 MiB", async () => {
  const { runWithReports, write, read } = setup({
    'r.csv': `text\n${Array.from({ length: 200 }, (_, index) => `t${index}\n`).join('')}`,
  });
  write('s.md', `${'x'.repeat(1024 * 1024 - 12_000)}\n`);
  expect(await runWithReports('rows.toml', '--each', 'r.csv', '--rehearse')).toMatchObject({ code: 0 });
  expect(read('s.md').length).toBeLessThanOrEqual(1024 * 1024);
  expect(read('s.md')).toMatch(/further lines are left out/);
});
