import { formatCount, formatDuration, formatFullDateTime, formatInteger, formatUsd } from '../terminal/text/format.js';
import { formatBilledTokens } from '../terminal/text/format-tokens.js';
import type { ReportRun } from './data/report-run.js';
import { type Html, html } from './html.js';

/** Renders the heading of a run, its facts and, if it failed, its error. */
export function renderSummary(run: ReportRun): Html {
  const { anchor, narrative, status, error } = run;
  return html`<h2 id="${anchor}-h"><bdi>${narrative || 'Run without a name'}</bdi> ${renderStatus(status)}</h2>
<dl class="facts">${listFacts(run).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${error && html`<p class="error"><strong>${error.code}</strong> ${error.message}</p>`}
`;
}

/** Renders the outcome of a run or a row. It is a word, because color alone is not visible to everyone. */
export function renderStatus(status: string): Html {
  const kind = status === 'completed' ? 'good' : status === 'unfinished' || status === 'interrupted' ? 'open' : 'bad';
  return html`<span class="status ${kind}">${status}</span>`;
}

/** Lists the facts of a run. Those that are not known are left out. */
export function listFacts(run: ReportRun): [name: string, value: string | Html][] {
  const { rowSource, rowLabel, matrixLabel, variables, fileName, models, waitMs, durationMs, costUsd } = run;
  const facts: [string, string | Html | undefined][] = [
    ['Run', html`<code>${run.id}</code>`],
    ['Started', html`<time datetime="${run.startedAt}">${formatFullDateTime(new Date(run.startedAt))}</time>`],
    ['File', fileName ?? 'standard input'],
    ['Rows of', rowSource],
    ['Row', rowLabel],
    ['Matrix', matrixLabel],
    ['Variables', variables.length > 0 ? variables.map(([name, value]) => `${name}=${value}`).join(', ') : undefined],
    ['Models', models || undefined],
    [
      run.hasRowRuns ? 'Rows' : 'Acts',
      `${formatInteger(run.completedCount)} of ${formatInteger(run.total)} have their reply`,
    ],
    ['Requests', formatCount(run.attempts, 'request')],
    ['Tokens', formatBilledTokens(run.tokens)],
    ['Cost', costUsd === undefined ? undefined : formatUsd(costUsd)],
    ['Waited', waitMs > 0 ? formatDuration(waitMs) : undefined],
    ['Time', durationMs === undefined ? 'no end recorded' : formatDuration(durationMs)],
  ];
  return facts.filter((fact): fact is [string, string | Html] => fact[1] !== undefined);
}
