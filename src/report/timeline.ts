import { formatDuration } from '../terminal/text/format.js';
import type { ReportAct } from './data/report-act.js';
import type { Segment, SegmentKind } from './data/timing.js';
import { type Html, html } from './html.js';

/** The kinds of segments in the order of the legend, with their names. */
const kindNames: Readonly<Record<SegmentKind, string>> = {
  wait: 'waiting',
  failed: 'failed attempt',
  thinking: 'thinking',
  answering: 'answering',
  'thinking-and-answering': 'thinking and answering',
};

/** Renders the bars of the acts on a common axis of time. */
export function renderTimeline(acts: readonly ReportAct[], anchor: string): Html | undefined {
  const totalMs = acts.reduce((latest, { timing }) => Math.max(latest, timing.startMs + timing.durationMs), 0);
  if (totalMs === 0) return undefined;
  const kinds = new Set(acts.flatMap(({ timing }) => timing.segments.map(({ kind }) => kind)));
  const shown = (Object.keys(kindNames) as SegmentKind[]).filter((kind) => kinds.has(kind));
  return html`<section class="timeline" aria-labelledby="${anchor}-time">
<h3 id="${anchor}-time">Timeline</h3>
<ul class="legend">${shown.map((kind) => html`<li><svg class="swatch" aria-hidden="true"><rect class="${kind}" width="100%" height="100%"/></svg>${kindNames[kind]}</li>`)}</ul>
<ol class="bars">${acts.map((act) => renderBar(act, totalMs))}</ol>
<p class="axis" aria-hidden="true"><span>0 s</span><span>${formatDuration(totalMs)}</span></p>
</section>
`;
}

function renderBar({ anchor, title, timing, fallbackModel, reply }: ReportAct, totalMs: number): Html {
  const rects = timing.segments.map(
    ({ kind, startMs, durationMs }) =>
      html`<rect class="${kind}" x="${toPercent(startMs, totalMs)}" width="${toPercent(durationMs, totalMs)}" height="100%"/>`,
  );
  const label = describeSegments(timing.segments);
  const fallback = fallbackModel !== undefined && html`<span class="model">fallback to ${fallbackModel}</span>`;
  return html`<li><a href="#${anchor}"><bdi>${title}</bdi></a><svg class="bar" role="img" aria-label="${label}">${rects}</svg><span class="time">${timing.durationMs === 0 && !reply ? 'no reply' : formatDuration(timing.durationMs)}</span>${fallback}</li>
`;
}

/** Describes the parts of a bar for those who can't see it: `waiting 2.0 s, answering 3.1 s`. */
function describeSegments(segments: readonly Segment[]): string {
  const sums = new Map<SegmentKind, number>();
  for (const { kind, durationMs } of segments) sums.set(kind, (sums.get(kind) ?? 0) + durationMs);
  const parts = [...sums].map(([kind, durationMs]) => `${kindNames[kind]} ${formatDuration(durationMs)}`);
  return parts.length === 0 ? 'no time' : parts.join(', ');
}

/** Formats a duration as a percentage of the axis, for an SVG attribute: the page's policy blocks inline styles. */
function toPercent(durationMs: number, totalMs: number): string {
  return `${Number(((100 * durationMs) / totalMs).toFixed(3))}%`;
}
