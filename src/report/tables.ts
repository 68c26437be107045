import { formatDuration, formatInteger, formatUsd } from '../terminal/text/format.js';
import type { ReportAct } from './data/report-act.js';
import type { ReportRun } from './data/report-run.js';
import type { Tokens } from './data/stored-values.js';
import { type Html, type HtmlContent, html } from './html.js';

/** A column of a table: its name, and whether it has numbers. */
interface Column {
  name: HtmlContent;
  isNumber?: boolean;
}

interface TableContent {
  /** What screen readers call the table. */
  label: string;
  columns: readonly Column[];
  rows: HtmlContent;
  foot?: Html;
}

/** Renders a table in a region that scrolls sideways where the page is narrow. */
export function renderTable({ label, columns, rows, foot }: TableContent): Html {
  const heads = columns.map(({ name, isNumber }) => html`<th scope="col"${isNumber && numberClass}>${name}</th>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table>
<thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody>${foot && html`<tfoot>${foot}</tfoot>`}</table></div>
`;
}

const numberClass = html` class="number"`;

/** The requests, tokens and cost of an act, a row or a model. Unknown values are absent. */
export interface Totals {
  requests?: number | undefined;
  tokens: Tokens;
  costUsd?: number | undefined;
}

const totalsColumns = ['Requests', 'Tokens in', 'Out', 'Thinking', 'Cost'].map((name) => ({ name, isNumber: true }));

function renderTotals({ requests, tokens, costUsd }: Totals): HtmlContent {
  const counts = [requests, tokens.promptTokens, tokens.outputTokens, tokens.thoughtTokens];
  const texts = counts.map((count) => (count === undefined ? '' : formatInteger(count)));
  return [...texts, costUsd === undefined ? '' : formatUsd(costUsd)].map(renderNumber);
}

function renderNumber(text: string): Html {
  return html`<td class="number">${text}</td>`;
}

/** Renders the tokens, cost and time of each act, and the totals of the run. */
export function renderActTable(run: ReportRun, acts: readonly ReportAct[]): Html {
  const formatTime = (durationMs: number | undefined) => (durationMs ? formatDuration(durationMs) : '');
  const rows = acts.map((act) => {
    const { anchor, title, reply, timing } = act;
    const model = reply ? `${reply.model}${reply.isReused ? ', reused' : ''}` : 'no reply';
    const totals = renderTotals({ requests: reply?.attempts, tokens: reply?.tokens ?? {}, costUsd: reply?.costUsd });
    const times = [timing.waitMs, timing.durationMs].map((durationMs) => renderNumber(formatTime(durationMs)));
    return html`<tr><th scope="row"><a href="#${anchor}"><bdi>${title}</bdi></a></th><td class="model">${model}</td>${totals}${times}</tr>
`;
  });
  const { attempts: requests, tokens, costUsd, waitMs, durationMs } = run;
  const times = [waitMs, durationMs].map((time) => renderNumber(formatTime(time)));
  const foot = html`<tr><th scope="row" colspan="2">Total</th>${renderTotals({ requests, tokens, costUsd })}${times}</tr>`;
  const timeColumns = ['Waited', 'Time'].map((name) => ({ name, isNumber: true }));
  const columns = [{ name: 'Act' }, { name: 'Model' }, ...totalsColumns, ...timeColumns];
  return renderTable({ label: 'Tokens and cost by act', columns, rows, foot });
}

/** Renders the sums for each model, if there are several models. */
export function renderModelTable(uses: Iterable<Totals & { model: string }>): Html | undefined {
  const sums = new Map<string, Totals>();
  for (const { model, requests, tokens, costUsd } of uses) {
    const sum = sums.get(model) ?? { requests: 0, tokens: zeroTokens, costUsd: 0 };
    sums.set(model, {
      requests: add(sum.requests, requests),
      tokens: addTokens(sum.tokens, tokens),
      costUsd: add(sum.costUsd, costUsd),
    });
  }
  if (sums.size < 2) return undefined;
  const rows = [...sums].map(
    ([model, sum]) => html`<tr><th scope="row" class="model">${model}</th>${renderTotals(sum)}</tr>
`,
  );
  return renderTable({ label: 'Tokens and cost by model', columns: [{ name: 'Model' }, ...totalsColumns], rows });
}

const zeroTokens: Tokens = { promptTokens: 0, outputTokens: 0, thoughtTokens: 0 };

function addTokens(one: Tokens, other: Tokens): Tokens {
  const names = ['promptTokens', 'outputTokens', 'thoughtTokens'] as const;
  const sums = names.map((name) => [name, add(one[name], other[name])] as const);
  return Object.fromEntries(sums.filter(([, sum]) => sum !== undefined));
}

/** Adds two numbers. The sum is unknown if either is. */
function add(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}
