import type { RecordedAct, RecordedRun } from '../../store/runs/read-runs.js';
import type { ActProgressEvent } from '../../store/runs/run-recorder.js';
import { formatError } from '../diagnostics/format-error.js';
import {
  formatActEnd,
  formatFallback,
  formatFinishWarning,
  formatRetry,
  formatWait,
} from '../progress/format-events.js';
import { type Colors, noColors } from '../text/colors.js';
import { formatCount, formatDateTime, formatDuration, formatUsd } from '../text/format.js';
import { toDisplayLine, toPrintable } from '../text/printable.js';
import { wrapText } from '../text/wrap.js';

/** Options for showing a run. */
export interface FormatRunOptions {
  colors?: Colors;
  /** The width of the terminal, if it is one. Then lines are wrapped and control characters replaced by symbols. */
  columns?: number;
}

/** Formats a run act by act, with its replies. */
export function formatRun(run: RecordedRun, acts: readonly RecordedAct[], options: FormatRunOptions = {}): string {
  const { colors = noColors, columns } = options;
  const toWrappedText = (text: string) => (columns === undefined ? text : wrapText(toPrintable(text), columns));
  const toWrappedLine = (text: string) => toWrappedText(toDisplayLine(text));
  const sections = acts.map(({ act, end, events }, index) => {
    const details = [...events.flatMap(formatEvent), ...(end ? formatEnd(end) : ['no reply'])];
    return [
      colors.heading(toWrappedLine(`[${index + 1}/${run.actCount}] ${act}`)),
      ...details.map((line) => colors.dim(toWrappedLine(line))),
      ...(end ? ['', toWrappedText(end.text.replace(/[\r\n]+$/, ''))] : []),
    ].join('\n');
  });
  const [title = '', ...facts] = formatHeader(run).map(toWrappedLine);
  const header = [colors.heading(title), ...facts].join('\n');
  return `${[header, ...sections, ...formatRunError(run).map((line) => colors.error(toWrappedText(line)))].join('\n\n')}\n`;
}

/** Leaves out the hint and the time to try again, which are out of date. */
function formatRunError({ error }: RecordedRun): string[] {
  if (!error) return [];
  const { retryAt: _, hint: __, ...report } = error;
  return [formatError(report, noColors).trimEnd()];
}

function formatHeader(run: RecordedRun): string[] {
  const { narrative, run: id, file, startedAt, status, actsEnded, actCount, durationMs } = run;
  const { usage, costUsd, attempts, waitMs } = run;
  const outcome =
    durationMs === undefined ? `${status}, no end recorded` : `${status} after ${formatDuration(durationMs)}`;
  const totals = [
    formatCount(attempts, 'request'),
    `${usage.promptTokens} tokens in, ${usage.outputTokens + usage.thoughtTokens} out`,
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    ...(waitMs > 0 ? [`waited ${formatDuration(waitMs)}`] : []),
  ];
  return [
    `${narrative} · ${id}`,
    file ?? 'from standard input',
    `${formatDateTime(new Date(startedAt))} · ${outcome} · ${actsEnded} of ${formatCount(actCount, 'act')}`,
    totals.join(' · '),
  ];
}

function formatEnd(end: NonNullable<RecordedAct['end']>): string[] {
  const warning = formatFinishWarning(end);
  return [formatActEnd(end, { verbose: false }), ...(warning === undefined ? [] : [warning])];
}

function formatEvent(event: ActProgressEvent): string[] {
  switch (event.type) {
    case 'act-wait':
      // The line of the failed attempt shows its backoff.
      return event.reason === 'backoff' ? [] : [`waited ${formatWait(event)}`];
    case 'act-retry':
      return [formatRetry(event)];
    case 'act-fallback':
      return [formatFallback(event)];
    case 'act-note':
      return [event.message];
  }
}
