import { truncateWithEllipsis } from '../../util/utf16.js';
import { formatCount, formatDuration, formatInteger, formatUsd } from '../text/format.js';
import { formatTotalTokens } from '../text/format-tokens.js';
import { toPrintableLine } from '../text/printable.js';
import type { ReportedCase, ReportedSuite } from './reported-suite.js';

/** The space for the line that says what is left out. */
const reservedBytes = 200;

/**
 * Renders a summary in GitHub's Markdown: a heading and a table for each narrative. Narratives that did not complete
 * come first. In each table, failed cases come first. Lines beyond `maxBytes` are left out, and the last line says how
 * many.
 */
export function renderMarkdownSummary(suites: readonly ReportedSuite[], maxBytes: number): string {
  const incompleteFirst = [...suites].sort((left, right) => rankStatus(left) - rankStatus(right));
  let text = '';
  let freeBytes = maxBytes - reservedBytes;
  let leftOutLines = 0;
  for (const suite of incompleteFirst) {
    for (const [index, block] of [renderHead(suite), ...sortCases(suite.cases).map(renderRow)].entries()) {
      freeBytes -= Buffer.byteLength(block);
      if (freeBytes >= 0) text += block;
      // The head of a narrative, at index 0, is not counted as a line.
      else if (index > 0) leftOutLines += 1;
    }
    text += '\n';
    freeBytes -= 1;
  }
  if (leftOutLines === 0 && freeBytes >= 0) return text;
  return `${text}${formatInteger(leftOutLines)} further lines are left out, because GitHub does not show a summary larger than 1 MiB.\n`;
}

function rankStatus({ status }: ReportedSuite): number {
  return status === 'completed' ? 1 : 0;
}

function sortCases(cases: readonly ReportedCase[]): ReportedCase[] {
  return [...cases].sort((left, right) => Number(left.outcome !== 'failed') - Number(right.outcome !== 'failed'));
}

function renderHead({ name, status, cases, unit, usage, costUsd, durationMs }: ReportedSuite): string {
  const done = cases.filter(({ outcome }) => outcome === 'completed' || outcome === 'reused').length;
  const total = formatCount(cases.length, unit);
  const totals = [
    done === cases.length ? total : `${formatInteger(done)} of ${total}`,
    formatTotalTokens(usage),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    formatDuration(durationMs),
  ];
  const table =
    cases.length === 0 ? '' : `| ${unit} | status | model | tokens | cost | time |\n|---|---|---|--:|--:|--:|\n`;
  return `### ${toCode(name)}: ${status}\n\n${totals.join(', ')}\n\n${table}`;
}

function renderRow({ name, outcome, error, model, usage, costUsd, durationMs }: ReportedCase): string {
  const status = error ? `${outcome}: ${toCode(error.code)} ${toCode(error.message)}` : outcome;
  const cells = [
    toCode(name),
    status,
    model === undefined ? '' : toCode(model),
    usage?.totalTokens === undefined ? '' : formatInteger(usage.totalTokens),
    costUsd === undefined ? '' : formatUsd(costUsd),
    durationMs === undefined ? '' : formatDuration(durationMs),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

const maxCodeLength = 500;

/**
 * Renders a text as code, cut to `maxCodeLength`. Its punctuation is written as character references, so whoever wrote
 * the text can't form Markdown, HTML, a link or the end of a table cell with it
 * (spec.commonmark.org/0.31.2/#entity-and-numeric-character-references).
 */
function toCode(text: string): string {
  const escaped = toPrintableLine(truncateWithEllipsis(text, maxCodeLength)).replaceAll(
    /[!-+./:<-@[-`{-~]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}
