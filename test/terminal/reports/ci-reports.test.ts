import { parse } from 'junit2json';
import MarkdownIt from 'markdown-it';
import { expect, test } from 'vitest';
import { renderJunitReport } from '../../../src/terminal/reports/junit-report.js';
import { renderMarkdownSummary } from '../../../src/terminal/reports/markdown-summary.js';
import type { ReportedCase, ReportedSuite } from '../../../src/terminal/reports/reported-suite.js';

const usage = { promptTokens: 1000, outputTokens: 200, thoughtTokens: 0, totalTokens: 1200 };
const createSuite = (
  name: string,
  cases: ReportedCase[],
  status: ReportedSuite['status'] = 'failed',
): ReportedSuite => ({
  ...{ name, status, cases, unit: 'act', usage, costUsd: 0.0012, durationMs: 3400, file: `${name}.toml` },
});

/** Text with which a model may try to inject markup. */
const hostile =
  '"><script>alert(1)</script> <img src=x onerror=y> | a | `code` ]]> &amp; [link](https://evil.example) www.evil.example @user #1 **b** \u0000\u001b[31m\ud800\ufffe\u202e\n\n# heading\n|-|';

const failed: ReportedCase = {
  ...{ name: `draft ${hostile}`, outcome: 'failed' },
  error: { code: 'unexpected_reply', message: hostile, hint: 'Do this.' },
  // Makes the case a failure in JUnit. The case `d` failed without a reply, so it is an error in JUnit.
  hasUnusableReply: true,
};
const cases: ReportedCase[] = [
  { name: 'a', outcome: 'completed', model: 'm-1', usage, costUsd: 0.0012, durationMs: 1500 },
  { name: 'b', outcome: 'reused', model: 'm-1' },
  failed,
  { name: 'd', outcome: 'failed', error: { code: 'unavailable', message: 'busy' } },
  { name: 'e', outcome: 'skipped' },
];

test('a JUnit parser reads suites, cases, failures, errors and skipped cases', async () => {
  const report = await parse(renderJunitReport([createSuite('n', cases), createSuite('ok', [], 'completed')]));
  expect(report).toMatchObject({
    ...{ name: 'boticelli', tests: 5, failures: 1, errors: 1, time: 6.8 },
    testsuite: [
      {
        ...{ name: 'n', tests: 5, failures: 1, errors: 1, skipped: 1, time: 3.4 },
        testcase: [
          { name: 'a', classname: 'n', time: 1.5 },
          { name: 'b' },
          { failure: [{ type: 'unexpected_reply', inner: expect.stringMatching(/Do this\.$/) }] },
          { name: 'd', error: [{ type: 'unavailable', message: 'busy', inner: 'busy' }] },
          { name: 'e', skipped: [expect.anything()] },
        ],
      },
      { name: 'ok', tests: 0 },
    ],
  });
});

test('a JUnit report has no characters that XML forbids, and no markup of a reply', async () => {
  const xml = renderJunitReport([createSuite(hostile, [failed])]);
  expect(xml).not.toMatch(/[^\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  expect(xml.match(/<[a-z]+/g)).toEqual(['<testsuites', '<testsuite', '<testcase', '<failure']);
  const report = await parse(xml);
  const [suite] = report && 'testsuite' in report ? (report.testsuite ?? []) : [];
  expect(suite?.name).toContain('"><script>alert(1)</script>');
});

/** Renders as GitHub does: with tables, raw HTML and automatic links. */
const toHtml = (markdown: string) => new MarkdownIt({ html: true, linkify: true }).render(markdown);

test('a summary has a heading, totals, and a table with failed acts first', () => {
  const html = toHtml(renderMarkdownSummary([createSuite('n', cases)], 100_000));
  expect(html).toContain('<h3><code>n</code>: failed</h3>\n<p>2 of 5 acts, 1,200 tokens, $0.0012, 3.4 s</p>');
  const rows = [...html.matchAll(/<tr>\n([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell]) => cell),
  );
  expect(rows[0]).toEqual(['act', 'status', 'model', 'tokens', 'cost', 'time']);
  expect(rows.slice(1).map(([, status = '']) => status.split(/[ :]/)[0])).toEqual([
    ...['failed', 'failed', 'completed', 'reused', 'skipped'],
  ]);
  expect(rows[2]).toEqual(['<code>d</code>', 'failed: <code>unavailable</code> <code>busy</code>', '', '', '', '']);
  expect(rows[3]).toEqual(['<code>a</code>', 'completed', '<code>m-1</code>', '1,200', '$0.0012', '1.5 s']);
});

test('no text of a reply becomes HTML, a link or another cell of a summary', () => {
  const html = toHtml(renderMarkdownSummary([createSuite(hostile, [failed])], 100_000));
  const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)/g)].map(([, name]) => name));
  expect([...tags].sort()).toEqual(['code', 'h3', 'p', 'table', 'tbody', 'td', 'th', 'thead', 'tr']);
  expect(html.match(/<td/g)).toHaveLength(6);
  expect(html).not.toMatch(/[\0\u001b\u202e]/);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('a summary of several narratives begins with those that failed', () => {
  const summary = renderMarkdownSummary([createSuite('good', [], 'completed'), createSuite('bad', cases)], 100_000);
  expect(summary.match(/^### .*$/gm)).toEqual(['### <code>bad</code>: failed', '### <code>good</code>: completed']);
});

test('a summary is not larger than its limit, contains the failed act, and says how many lines it leaves out', () => {
  const completedCases = Array.from(
    { length: 30_000 },
    (_, index): ReportedCase => ({ name: `row ${index}`, outcome: 'completed' }),
  );
  const summary = renderMarkdownSummary([createSuite('n', [...completedCases, failed])], 1024 * 1024);
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1024 * 1024);
  expect(Buffer.byteLength(summary)).toBeGreaterThan(1_000_000);
  expect(summary).toContain('unexpected&#95;reply');
  const shown = summary.match(/^\| <code>/gm)?.length ?? 0;
  const [, leftOut = ''] = /^([\d,]+) further lines are left out/m.exec(summary) ?? [];
  expect(shown + Number(leftOut.replace(',', ''))).toBe(30_001);
});
