import type { RecordedAct } from '../../store/runs/recorded-run.js';
import type { RecordedTiming } from '../../store/runs/run-recorder.js';
import { truncate } from '../../util/utf16.js';
import type { DisplayOptions } from '../text/colors.js';
import { formatDuration } from '../text/format.js';
import { escapeUnmeasurable, measureWidth } from '../text/printable.js';

/**
 * What an act does at a moment. Without streaming, it is not known when thinking ends, so thinking is `answering` too.
 */
type Activity = 'waiting' | 'thinking' | 'answering';

type Symbols = Readonly<Record<Activity, string>>;

const terminalSymbols: Symbols = { waiting: '░', thinking: '▒', answering: '█' };
const plainSymbols: Symbols = { waiting: '.', thinking: '-', answering: '#' };

/** The width of a line if the output is not a terminal. */
const defaultColumns = 80;
/** The maximum width of the names of acts. */
const maxNameWidth = 20;

type TimedAct = RecordedAct & { timing: RecordedTiming };

/**
 * Formats a timeline: for each act a line with its name, its bar on the time scale of the whole run, and its duration;
 * then a legend. Acts without recorded times have no line. Returns no lines if no act has recorded times.
 */
export function formatActBars(acts: readonly RecordedAct[], { colors, columns }: DisplayOptions): string[] {
  const timed = acts.filter((act): act is TimedAct => act.timing !== undefined);
  if (timed.length === 0) return [];
  const runStartedAt = Math.min(...timed.map(({ timing }) => timing.startedAt));
  const lengthMs = Math.max(1, ...timed.map(({ timing }) => timing.startedAt + timing.durationMs - runStartedAt));
  const names = timed.map(({ act }) => truncate(escapeUnmeasurable(act), maxNameWidth));
  const durations = timed.map(({ timing }) => formatDuration(Math.max(0, timing.durationMs)));
  const nameWidth = Math.max(...names.map(measureWidth));
  const durationWidth = Math.max(...durations.map(({ length }) => length));
  const symbols = columns === undefined ? plainSymbols : terminalSymbols;
  const width = Math.max(10, (columns ?? defaultColumns) - nameWidth - durationWidth - 4);
  const lines = timed.map(({ timing }, index) => {
    const name = names[index] ?? '';
    const bar = renderBar(timing, { runStartedAt, msPerColumn: lengthMs / width, width, symbols });
    return `${name}${' '.repeat(nameWidth - measureWidth(name))}  ${bar}  ${durations[index]?.padStart(durationWidth)}`;
  });
  return [...lines, colors.dim(formatLegend(timed, symbols))];
}

/**
 * Formats how long an act waited for each reason and, if the reply was streamed, how long the model thought and
 * answered. Returns an empty string if the act did not wait and its reply was not streamed.
 */
export function formatActTimes({ waits, firstTokenMs, durationMs }: RecordedTiming): string {
  const byReason = new Map<string, number>();
  for (const { reason, durationMs: waitMs } of waits) byReason.set(reason, (byReason.get(reason) ?? 0) + waitMs);
  const waited = [...byReason].map(([reason, waitMs]) => `${formatDuration(waitMs)} (${reason})`);
  const parts = waited.length === 0 ? [] : [`waited ${waited.join(', ')}`];
  // `firstTokenMs` is when the first text of the reply arrived. All thoughts arrive before it.
  if (firstTokenMs !== undefined) {
    const sumWaits = (isIncluded: (startMs: number) => boolean) =>
      waits.reduce((sum, { startMs, durationMs: waitMs }) => sum + (isIncluded(startMs) ? waitMs : 0), 0);
    const thinkingMs = firstTokenMs - sumWaits((startMs) => startMs < firstTokenMs);
    const answeringMs = durationMs - firstTokenMs - sumWaits((startMs) => startMs >= firstTokenMs);
    parts.push(`thinking ${formatDuration(Math.max(0, thinkingMs))}`);
    parts.push(`answering ${formatDuration(Math.max(0, answeringMs))}`);
  }
  return parts.join(' · ');
}

interface BarOptions {
  /** When the first act started, in milliseconds since the epoch. */
  runStartedAt: number;
  msPerColumn: number;
  width: number;
  symbols: Symbols;
}

/** Renders a bar of at least one column. A column shows what the act does at the middle of the column's time span. */
function renderBar(timing: RecordedTiming, { runStartedAt, msPerColumn, width, symbols }: BarOptions): string {
  const offsetMs = timing.startedAt - runStartedAt;
  const first = Math.min(width - 1, Math.floor(offsetMs / msPerColumn));
  const end = Math.min(width, Math.max(first + 1, Math.round((offsetMs + timing.durationMs) / msPerColumn)));
  const columns = Array.from({ length: end - first }, (_, index) => {
    const atMs = Math.max(0, (first + index + 0.5) * msPerColumn - offsetMs);
    return symbols[findActivity(timing, atMs)];
  });
  return (' '.repeat(first) + columns.join('')).padEnd(width);
}

/** The model thinks until the first text of the reply arrives (`firstTokenMs`). */
function findActivity({ waits, firstTokenMs = 0 }: RecordedTiming, atMs: number): Activity {
  const isWaiting = waits.some(({ startMs, durationMs }) => atMs >= startMs && atMs < startMs + durationMs);
  if (isWaiting) return 'waiting';
  return atMs < firstTokenMs ? 'thinking' : 'answering';
}

/** Formats the meaning of the symbols that occur. */
function formatLegend(timed: readonly TimedAct[], symbols: Symbols): string {
  const isAnyStreamed = timed.some(({ timing }) => timing.firstTokenMs !== undefined);
  const isEachStreamed = timed.every(({ timing }) => timing.firstTokenMs !== undefined);
  const answering = isEachStreamed
    ? 'answering'
    : isAnyStreamed
      ? 'answering (without --stream: thinking and answering)'
      : 'thinking and answering';
  return [
    ...(timed.some(({ timing }) => timing.waits.length > 0) ? [`${symbols.waiting} waiting`] : []),
    ...(isAnyStreamed ? [`${symbols.thinking} thinking`] : []),
    `${symbols.answering} ${answering}`,
  ].join('   ');
}
