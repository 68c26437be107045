import { renderAct } from './act-section.js';
import { type PageAssets, readPageAssets } from './assets.js';
import { type RunWithData, renderComparison } from './comparison.js';
import type { ReportAct } from './data/report-act.js';
import { type ReportRun, type RunData, toReportActs, toReportRun } from './data/report-run.js';
import { Html, html } from './html.js';
import { createMarkdownRenderer, type RenderMarkdown } from './markdown.js';
import { renderRows } from './rows-section.js';
import { renderSummary } from './summary.js';
import { renderActTable, renderModelTable } from './tables.js';
import { renderTimeline } from './timeline.js';
import { loadWordMarks, type MarkWords } from './word-marks.js';

/** Renders runs as a page, piece by piece, so that a page with many rows is never in memory as a whole. */
export type RenderReport = (runs: readonly RunData[]) => Generator<string>;

/** Loads the style, the script and the libraries of the page, and returns its renderer. */
export async function createReportRenderer(): Promise<RenderReport> {
  const assets = readPageAssets();
  const renderMarkdown = createMarkdownRenderer();
  const markWords = await loadWordMarks();
  return function* (runs) {
    for (const { markup } of renderPage(runs, { assets, renderMarkdown, markWords })) yield markup;
  };
}

/** If a run has more acts than this, a browser lays out only the visible ones, and the table of the acts is folded. */
const manyActs = 100;

interface PageContext {
  assets: PageAssets;
  renderMarkdown: RenderMarkdown;
  markWords: MarkWords;
}

function* renderPage(dataOfRuns: readonly RunData[], context: PageContext): Generator<Html> {
  const { assets, renderMarkdown, markWords } = context;
  const runs = dataOfRuns.map((data, index) => ({ data, run: toReportRun(data.run, `r${index + 1}`) }));
  yield renderHead(runs, assets);
  if (runs.length > 1) yield* renderComparison(runs, markWords);
  for (const { run, data } of runs) yield* renderRun(run, data, renderMarkdown);
  yield html`</main>
<script>${new Html(assets.script)}</script>
</body></html>
`;
}

function renderHead(runs: readonly RunWithData[], { policy, style }: PageAssets): Html {
  const names = [...new Set(runs.map(({ run }) => run.narrative))].join(', ');
  const title = runs.length === 1 ? names || 'run' : `${names}: ${runs.length} runs`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>${title} · boticelli</title>
<style>${new Html(style)}</style></head>
<body><header><h1>${runs.length === 1 ? 'Report of a run' : `Report of ${runs.length} runs`}</h1><p class="tools"><button type="button" id="expand" hidden>Expand all</button> <button type="button" id="collapse" hidden>Collapse all</button></p></header>
<main>
`;
}

function* renderRun(run: ReportRun, data: RunData, renderMarkdown: RenderMarkdown): Generator<Html> {
  const acts = toReportActs(data.acts, run.anchor);
  yield html`<article class="run${acts.length > manyActs && ' many'}" id="${run.anchor}" aria-labelledby="${run.anchor}-h">
${renderSummary(run)}`;
  if (acts.length > 0) yield html`${renderTimeline(acts, run.anchor)}${renderTokensAndCost(run, acts)}`;
  if (run.hasRowRuns) yield* renderRows(data, run, renderMarkdown);
  else if (acts.length === 0) yield html`<p class="note">No act has ended.</p>`;
  for (const [index, act] of acts.entries())
    yield renderAct(act, `${index + 1}/${Math.max(run.total, acts.length)}`, renderMarkdown);
  yield html`</article>
`;
}

function renderTokensAndCost(run: ReportRun, acts: readonly ReportAct[]): Html {
  const uses = acts.flatMap(({ reply }) =>
    // Reused replies are left out, because they used no tokens and cost nothing.
    reply && !reply.isReused ? [{ ...reply, requests: reply.attempts }] : [],
  );
  const table = renderActTable(run, acts);
  const folded = html`<details><summary>By act</summary>${table}</details>`;
  return html`<h3>Tokens and cost</h3>${acts.length > manyActs ? folded : table}${renderModelTable(uses)}`;
}
