import { formatCount, formatDuration, formatInteger, formatUsd } from '../terminal/text/format.js';
import { describeReply } from './act-section.js';
import type { ReportAct } from './data/report-act.js';
import { type ReportRun, type RunData, toReportActs, toReportRun } from './data/report-run.js';
import { type Html, html } from './html.js';
import type { RenderMarkdown } from './markdown.js';
import { renderReplyBody } from './reply-body.js';
import { renderStatus } from './summary.js';
import { renderModelTable } from './tables.js';

/** The maximum number of rows on a page. A browser is slow with more, and `runs export` has all of them. */
const maxRows = 10_000;

/** The columns of the table. Columns with `isOptional` are left out on a narrow screen. */
const columns: readonly { name: string; isNumber?: boolean; isOptional?: boolean }[] = [
  { name: 'Row', isNumber: true },
  { name: 'Status' },
  { name: 'Reply' },
  { name: 'Models', isOptional: true },
  { name: 'Tokens', isNumber: true, isOptional: true },
  { name: 'Cost', isNumber: true, isOptional: true },
  { name: 'Time', isNumber: true },
];

/**
 * Renders the rows of a run as a table. Rows that did not complete come first. The page's script sorts and filters the
 * table. The style lays its rows out as grids, so that a browser can skip those out of sight. Screen readers no longer
 * recognize such a table, so ARIA roles say that it is one.
 */
export function* renderRows(data: RunData, run: ReportRun, renderMarkdown: RenderMarkdown): Generator<Html> {
  const { anchor } = run;
  const rows = data.rows.map((row, index) => toReportRun(row, `${anchor}-r${index + 1}`));
  const incomplete = rows.filter(({ isIncomplete }) => isIncomplete);
  const completed = rows.filter(({ isIncomplete }) => !isIncomplete);
  const shown = [...incomplete, ...completed].slice(0, maxRows);
  yield html`${renderModelTable(rows.filter(({ models }) => models !== '').map(toModelUse))}
<section class="rows" aria-labelledby="${anchor}-rows">
<h3 id="${anchor}-rows">Rows</h3>
${renderControls(anchor, shown)}
${rows.length > shown.length && renderLimitNote(run.id, rows.length)}
<table class="sortable" id="${anchor}-table" role="table" aria-labelledby="${anchor}-rows">
<thead role="rowgroup"><tr role="row">${columns.map(renderColumnHead)}</tr></thead>
<tbody role="rowgroup">
`;
  for (const row of shown) yield renderRow(row, data, renderMarkdown);
  yield html`</tbody></table>
</section>
`;
}

function toModelUse({ models, attempts, tokens, costUsd }: ReportRun) {
  return { model: models, requests: attempts, tokens, costUsd };
}

function renderControls(anchor: string, rows: readonly ReportRun[]): Html {
  const outcomes = [...new Set(rows.map(getOutcome))].sort();
  return html`<div class="controls" data-table="${anchor}-table">
<label>Filter <input type="search" class="filter" placeholder="words in a row" autocomplete="off"></label>
<label>Status <select class="outcome"><option value="">all</option>${outcomes.map((outcome) => html`<option>${outcome}</option>`)}</select></label>
<output class="count" aria-live="polite">${formatCount(rows.length, 'row')}</output>
</div>`;
}

function renderLimitNote(id: string, total: number): Html {
  const count = `${formatInteger(maxRows)} of ${formatInteger(total)}`;
  return html`<p class="note">The page has ${count} rows; those that did not complete come first. All are in <code>boticelli runs export ${id}</code>.</p>`;
}

function renderColumnHead(
  { name, isNumber = false, isOptional = false }: (typeof columns)[number],
  index: number,
): Html {
  const classes = [isNumber && 'number', isOptional && 'wide'].filter(Boolean).join(' ');
  // At first the rows are sorted by status, but neither ascending nor descending: those that did not complete come
  // first.
  const order = index === 1 && html` aria-sort="other"`;
  return html`<th role="columnheader" class="${classes}"${order}><button type="button">${name}</button></th>`;
}

function renderRow(row: ReportRun, data: RunData, renderMarkdown: RenderMarkdown): Html {
  const { id, models, tokens, costUsd, durationMs } = row;
  const number = id.slice(id.lastIndexOf('/') + 1);
  const totalTokens = (tokens.promptTokens ?? 0) + (tokens.outputTokens ?? 0) + (tokens.thoughtTokens ?? 0);
  const cost = renderNumber(costUsd, formatUsd, 'number wide');
  const time = renderNumber(durationMs, formatDuration, 'number');
  return html`<tr role="row" data-outcome="${getOutcome(row)}"><th role="rowheader" class="number" data-value="${number}">${number}</th><td role="cell">${renderStatus(getOutcome(row))}</td><td role="cell" class="reply">${renderContent(row, data, renderMarkdown)}</td><td role="cell" class="wide">${models}</td>${renderNumber(totalTokens, formatInteger, 'number wide')}${cost}${time}</tr>
`;
}

function renderNumber(value: number | undefined, format: (value: number) => string, classes: string): Html {
  return html`<td role="cell" class="${classes}" data-value="${value ?? -1}">${value === undefined ? '' : format(value)}</td>`;
}

/** Returns the error code of a row, or its status if it has no error. */
function getOutcome({ error, status }: ReportRun): string {
  return error?.code || status;
}

/** Renders the combination and the label of a row, its error, and its acts, which are folded. */
function renderContent(
  { rowLabel, matrixLabel, id, anchor, error }: ReportRun,
  data: RunData,
  renderMarkdown: RenderMarkdown,
): Html {
  const title = html`<bdi>${[matrixLabel, rowLabel].filter(Boolean).join(' · ') || 'Row without a label'}</bdi>`;
  const message = error && html`<p class="error">${error.message}</p>`;
  const acts = toReportActs(data.readActs(id), anchor);
  const hasContent = acts.some(({ reply, notes }) => reply !== undefined || notes.length > 0);
  if (!hasContent) return html`${title}${message}`;
  const contents = acts.map((act) => renderRowAct(act, acts.length > 1, renderMarkdown));
  return html`<details><summary>${title}</summary>${contents}</details>${message}`;
}

function renderRowAct(act: ReportAct, hasHeading: boolean, renderMarkdown: RenderMarkdown): Html {
  const { title, reply, notes } = act;
  const heading = hasHeading && html`<h4><bdi>${title}</bdi></h4>`;
  const meta = reply ? describeReply(reply, act) : 'No reply.';
  return html`${heading}<p class="meta">${meta}</p>${notes.map((note) => html`<p class="note">${note}</p>`)}${reply && renderReplyBody(reply, renderMarkdown)}`;
}
