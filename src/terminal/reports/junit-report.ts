import { truncateWithEllipsis } from '../../util/utf16.js';
import { toPrintableLine } from '../text/printable.js';
import type { ReportedCase, ReportedSuite } from './reported-suite.js';

/** The beginning of every JUnit report of this program. A file that begins otherwise is not overwritten. */
export const junitStart = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="boticelli"';

/**
 * Renders a JUnit report (the format of Apache Ant that CI services read): a test suite for each narrative, and a test
 * case for each act or row. A case that failed because of its reply is a `failure`, any other failed case an `error`.
 */
export function renderJunitReport(suites: readonly ReportedSuite[]): string {
  const allCases = suites.flatMap(({ cases }) => cases);
  const durationMs = suites.reduce((sum, suite) => sum + suite.durationMs, 0);
  const lines = suites.flatMap((suite) => [
    `  <testsuite${formatAttributes({ name: suite.name, ...countCases(suite.cases), time: toSeconds(suite.durationMs) })}>`,
    ...suite.cases.map((reportedCase) => renderCase(reportedCase, suite)),
    '  </testsuite>',
  ]);
  const { skipped: _, ...counts } = countCases(allCases);
  const start = `${junitStart}${formatAttributes({ ...counts, time: toSeconds(durationMs) })}>`;
  return `${[start, ...lines, '</testsuites>'].join('\n')}\n`;
}

function countCases(cases: readonly ReportedCase[]) {
  const count = (isCounted: (reportedCase: ReportedCase) => boolean) => cases.filter(isCounted).length;
  return {
    tests: cases.length,
    failures: count(({ error, hasUnusableReply }) => error !== undefined && hasUnusableReply === true),
    errors: count(({ error, hasUnusableReply }) => error !== undefined && !hasUnusableReply),
    skipped: count(({ outcome }) => outcome === 'skipped'),
  };
}

function renderCase(
  { name, outcome, error, hasUnusableReply, durationMs }: ReportedCase,
  suite: ReportedSuite,
): string {
  const time = durationMs === undefined ? {} : { time: toSeconds(durationMs) };
  const file = suite.file === undefined ? {} : { file: suite.file };
  const start = `    <testcase${formatAttributes({ name, classname: suite.name, ...file, ...time })}`;
  if (outcome === 'skipped') return `${start}>\n      <skipped/>\n    </testcase>`;
  if (!error) return `${start}/>`;
  const { code, message, hint } = error;
  const tag = hasUnusableReply ? 'failure' : 'error';
  const text = hint === undefined ? message : `${message}. ${hint}`;
  const details = `<${tag}${formatAttributes({ type: code, message })}>${escapeXml(text)}</${tag}>`;
  return `${start}>\n      ${details}\n    </testcase>`;
}

function toSeconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

function formatAttributes(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

const maxTextLength = 2000;

/**
 * Cuts a text to `maxTextLength` and escapes it as one line. The characters that XML 1.0 forbids, such as control
 * characters and lone surrogates, become symbols.
 */
function escapeXml(text: string): string {
  const line = toPrintableLine(truncateWithEllipsis(text, maxTextLength)).replaceAll(
    /[\ufffe\uffff]|\p{Surrogate}/gu,
    '\ufffd',
  );
  return line.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
