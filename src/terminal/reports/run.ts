import type { RecordedAct, RecordedRun } from '../../store/runs/read-runs.js';
import type { ActHappening } from '../../store/runs/run-recorder.js';
import { errorLines } from '../diagnostics/error-lines.js';
import { actEndLine, fallbackLine, finishWarning, retryLine, waitLine } from '../progress/event-lines.js';
import { noPaint, type Paint } from '../text/colors.js';
import { counted, dateAndTime, dollars, duration } from '../text/format.js';
import { printable } from '../text/printable.js';
import { visible } from '../text/visible.js';
import { wrapped } from '../text/wrap.js';

/** How a run is shown. */
export interface RunPageOptions {
  paint?: Paint;
  /** The width of the terminal, where it is one: lines are broken between words, and no reply can steer it. */
  columns?: number;
}

/** A run as a person reads it, act by act, with its replies. */
export function runPage(run: RecordedRun, acts: readonly RecordedAct[], options: RunPageOptions = {}): string {
  const { paint = noPaint, columns } = options;
  const asText = (text: string) => (columns === undefined ? text : wrapped(printable(text), columns));
  const asLine = (text: string) => asText(visible(text));
  const sections = acts.map(({ act, end, told }, at) => {
    const about = [...told.flatMap(happeningLines), ...(end ? endLines(end) : ['no reply'])];
    return [
      paint.heading(asLine(`[${at + 1}/${run.actCount}] ${act}`)),
      ...about.map((line) => paint.dim(asLine(line))),
      ...(end ? ['', asText(end.text.replace(/[\r\n]+$/, ''))] : []),
    ].join('\n');
  });
  const [title = '', ...facts] = headOf(run).map(asLine);
  const head = [paint.heading(title), ...facts].join('\n');
  return `${[head, ...sections, ...errorOf(run).map((line) => paint.error(asText(line)))].join('\n\n')}\n`;
}

/** When to try again was said at the time; it means nothing any more. */
function errorOf({ error }: RecordedRun): string[] {
  if (!error) return [];
  const { retryAt: _, hint: __, ...lasting } = error;
  return [errorLines(lasting, noPaint).trimEnd()];
}

function headOf(run: RecordedRun): string[] {
  const { narrative, run: id, file, startedAt, status, actsEnded, actCount, durationMs } = run;
  const { usage, costUsd, attempts, waitMs } = run;
  const outcome =
    durationMs === undefined ? `${status}: no end is recorded` : `${status} after ${duration(durationMs)}`;
  const spent = [
    counted(attempts, 'call'),
    `${usage.promptTokens} tokens in, ${usage.outputTokens + usage.thoughtTokens} out`,
    ...(costUsd === undefined ? [] : [dollars(costUsd)]),
    ...(waitMs > 0 ? [`${duration(waitMs)} waited`] : []),
  ];
  return [
    `${narrative} · ${id}`,
    file ?? 'from standard input',
    `${dateAndTime(new Date(startedAt))} · ${outcome} · ${actsEnded} of ${counted(actCount, 'act')}`,
    spent.join(' · '),
  ];
}

function endLines(end: NonNullable<RecordedAct['end']>): string[] {
  const warning = finishWarning(end);
  return [actEndLine(end, { verbose: false }), ...(warning === undefined ? [] : [warning])];
}

function happeningLines(happening: ActHappening): string[] {
  switch (happening.type) {
    case 'act-wait':
      // The pause before another attempt is in that attempt's line.
      return happening.reason === 'backoff' ? [] : [`waited, ${waitLine(happening)}`];
    case 'act-retry':
      return [retryLine(happening)];
    case 'act-fallback':
      return [fallbackLine(happening)];
    case 'act-note':
      return [happening.message];
  }
}
