import type { RecordedRun } from '../store/runs/recorded-run.js';
import { formatInteger } from '../terminal/text/format.js';
import { type ReportRun, type RunData, toReportActs } from './data/report-run.js';
import { toText } from './data/stored-values.js';
import { type Html, html } from './html.js';
import { listFacts, renderStatus } from './summary.js';
import { renderTable } from './tables.js';
import type { MarkWords } from './word-marks.js';

/** A run as the page shows it, with what the history has of it. */
export interface RunWithData {
  run: ReportRun;
  data: RunData;
}

/** The replies to the same act, or to the same row, in the order of the runs. */
interface ComparedReplies {
  title: string;
  replies: readonly (string | undefined)[];
}

/**
 * Renders runs side by side: first their facts, then their replies. In the replies of all runs but the first, the
 * differences from the first run are marked. Replies that are equal in all runs are only counted. Acts that have no
 * reply in any run are left out.
 */
export function* renderComparison(runs: readonly RunWithData[], markWords: MarkWords): Generator<Html> {
  const heads = runs.map(({ run }, index) => ({
    name: html`<a href="#${run.anchor}">${index + 1}. <bdi>${run.matrixLabel ?? run.narrative}</bdi></a>`,
  }));
  const rows = renderFactRows(runs.map(({ run }) => run));
  yield html`<section class="comparison" aria-labelledby="comparison">
<h2 id="comparison">Side by side</h2>
${renderTable({ label: 'Facts of the runs', columns: [{ name: 'Run' }, ...heads], rows })}
<p class="note">In the replies of all runs but the first: <ins>words</ins> that the first run does not have, and <del>words</del> that only the first run has.</p>
`;
  let equalCount = 0;
  for (const item of listReplies(runs)) {
    if (item.replies.every((reply) => reply === undefined)) continue;
    if (item.replies.every((reply) => reply === item.replies[0])) equalCount += 1;
    else yield renderReplies(item, runs, markWords);
  }
  if (equalCount > 0) yield html`<p class="note">${describeEqual(equalCount)} the same in all runs.</p>`;
  yield html`</section>
`;
}

function describeEqual(count: number): string {
  return count === 1 ? '1 reply is' : `${formatInteger(count)} replies are`;
}

function renderFactRows(runs: readonly ReportRun[]): Html[] {
  const factsByRun = runs.map((run) => new Map([['Status', renderStatus(run.status)] as const, ...listFacts(run)]));
  const names = [...new Set(factsByRun.flatMap((facts) => [...facts.keys()]))];
  return names.map(
    (name) => html`<tr><th scope="row">${name}</th>${factsByRun.map((facts) => html`<td>${facts.get(name)}</td>`)}</tr>
`,
  );
}

function* listReplies(runs: readonly RunWithData[]): Generator<ComparedReplies> {
  const actsByRun = runs.map(({ run, data }) => toReportActs(data.acts, run.anchor));
  const titles = new Set(actsByRun.flatMap((acts) => acts.map(({ title }) => title)));
  const textsByRun = actsByRun.map((acts) => new Map(acts.map(({ title, reply }) => [title, reply?.text])));
  for (const title of titles) yield { title, replies: textsByRun.map((texts) => texts.get(title)) };
  yield* listRowReplies(runs);
}

/** Lists, for each row number, the last reply of that row in each run. */
function* listRowReplies(runs: readonly RunWithData[]): Generator<ComparedReplies> {
  // The id of the run of a row ends with a slash and the number of the row.
  const getNumber = ({ run: id }: RecordedRun) => toText(id).slice(toText(id).lastIndexOf('/') + 1);
  const rowsByRun = runs.map(({ data }) => new Map(data.rows.map((row) => [getNumber(row), row])));
  for (const number of new Set(rowsByRun.flatMap((rows) => [...rows.keys()]))) {
    const label = rowsByRun.map((rows) => rows.get(number)?.rowLabel).find((text) => text !== undefined);
    const replies = runs.map(({ data }, index) => {
      const { run: id } = rowsByRun[index]?.get(number) ?? {};
      const end = id === undefined ? undefined : data.readActs(toText(id)).at(-1)?.end;
      return end && toText(end.text);
    });
    yield { title: [`Row ${number}`, toText(label)].filter((part) => part !== '').join(': '), replies };
  }
}

function renderReplies({ title, replies }: ComparedReplies, runs: readonly RunWithData[], markWords: MarkWords): Html {
  const first = replies[0];
  const columns = replies.map((reply, index) => {
    const run = runs[index]?.run;
    return html`<div class="column"><p class="meta">${index + 1}. ${run?.models} <a href="#${run?.anchor}">${run?.id}</a></p>${renderReply(reply, index === 0 ? undefined : first, markWords)}</div>`;
  });
  return html`<section class="pair"><h3><bdi>${title}</bdi></h3><div class="columns">${columns}</div></section>
`;
}

/**
 * Renders a reply, and marks its differences from the reply of the first run.
 * @param first the reply of the first run; undefined if the first run has no reply, or if `reply` is its reply
 */
function renderReply(reply: string | undefined, first: string | undefined, markWords: MarkWords): Html {
  if (reply === undefined) return html`<p class="note">No reply.</p>`;
  if (first === undefined) return html`<pre dir="auto">${reply}</pre>`;
  const marked = markWords(first, reply);
  if (marked) return html`<pre dir="auto">${marked}</pre>`;
  return html`<p class="note">Too different from the first run to mark words.</p><pre dir="auto">${reply}</pre>`;
}
