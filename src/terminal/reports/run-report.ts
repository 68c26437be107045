import type { ActEnd } from '../../executor/narrative-events.js';
import type { RecordedAct, RecordedRun } from '../../store/runs/recorded-run.js';
import type { ActProgressEvent } from '../../store/runs/run-recorder.js';
import { formatError, formatErrorMessage } from '../diagnostics/format-error.js';
import {
  formatActEnd,
  formatFallback,
  formatFinishWarning,
  formatMedia,
  formatRetry,
  formatWait,
} from '../progress/format-events.js';
import { colorizePrompt, formatPrompt } from '../progress/format-prompt.js';
import { formatToolUse } from '../progress/format-tool-use.js';
import { type DisplayOptions, noColors } from '../text/colors.js';
import { formatCount, formatDateTime, formatDuration, formatInteger, formatUsd } from '../text/format.js';
import { formatBilledTokens } from '../text/format-tokens.js';
import { escapeMarkdown, renderSources } from '../text/markdown.js';
import { escapeUnmeasurable, toPrintable } from '../text/printable.js';
import { wrapText } from '../text/wrap.js';
import { formatActBars, formatActTimes } from './act-bars.js';
import { getRowUnit, hasRowRuns } from './row-runs.js';
import { formatVariables } from './run-list.js';

/** What was recorded of a run: its acts or, with `--each` or `--matrix`, the run of each row and combination. */
export interface RunContent {
  acts: readonly RecordedAct[];
  rows: readonly RecordedRun[];
}

/** How a run is shown. */
export interface RunDisplayOptions extends DisplayOptions {
  /** Whether the stored prompts are shown. Default false. */
  prompts?: boolean | undefined;
}

/**
 * Formats a run act by act, with its replies, or row by row. For a terminal, wraps lines and shows the control
 * characters of replies as symbols; otherwise replies stay unchanged.
 */
export function formatRun(
  run: RecordedRun,
  { acts, rows }: RunContent,
  { colors, columns, prompts = false }: RunDisplayOptions,
): string {
  const toWrappedText = (text: string) => (columns === undefined ? text : wrapText(toPrintable(text), columns));
  const toWrappedLine = (text: string) => toWrappedText(escapeUnmeasurable(text));
  const rowLines = rows.length === 0 ? [] : [rows.map((row) => toWrappedLine(formatRow(row))).join('\n')];
  const sections = acts.map(({ act, end, events, prompt, timing }, index) => {
    const times = timing && !end?.reused ? formatActTimes(timing) : '';
    const details = [
      // The recorded timing has the waits too, and `times` shows their sums.
      ...events.filter((event) => !timing || event.type !== 'act-wait').flatMap(formatEvent),
      ...(end ? formatEnd(end) : ['no reply']),
      ...(times === '' ? [] : [times]),
      ...(end ? formatToolUse(end) : []),
    ];
    return [
      colors.heading(toWrappedLine(`[${index + 1}/${run.actCount}] ${act}`)),
      ...(prompts && prompt ? [colorizePrompt(toWrappedText(formatPrompt(act, prompt)), colors)] : []),
      ...details.map((line) => colors.dim(toWrappedLine(line))),
      ...(end && end.text !== '' ? ['', toWrappedText(end.text.replace(/[\r\n]+$/, ''))] : []),
    ].join('\n');
  });
  const [title = '', ...headerLines] = formatHeader(run).map(toWrappedLine);
  const hint = prompts && rows.length === 0 && !acts.some((act) => act.prompt) ? [toWrappedLine(noPromptsHint)] : [];
  const bars = formatActBars(acts, { colors, columns });
  const blocks = [
    [colors.heading(title), ...headerLines, ...hint].join('\n'),
    ...(bars.length === 0 ? [] : [bars.join('\n')]),
    ...rowLines,
    ...sections,
  ];
  if (run.error) {
    // A report of an earlier run leaves out the hint and the time to try again, which may no longer be right.
    const { retryAt: _, hint: __, ...error } = run.error;
    blocks.push(colors.error(toWrappedText(formatError(error, noColors).trimEnd())));
  }
  return `${blocks.join('\n\n')}\n`;
}

const noPromptsHint =
  'Prompts of this run were not stored. To store those of later runs, set prompts = true under [store] in boticelli.toml.';

/**
 * Returns the unit of a run's totals: `run` with `--matrix`, `row` with only `--each`, otherwise `act`. The unit `run`
 * is one combination or, with `--each` too, one combination with one row.
 */
function getUnit(run: RecordedRun): 'act' | 'row' | 'run' {
  return hasRowRuns(run) ? getRowUnit(run) : 'act';
}

function formatHeader(run: RecordedRun): string[] {
  const { narrative, run: id, file, startedAt, status, actsEnded, actCount, durationMs, attempts, waitMs } = run;
  const outcome = durationMs === undefined ? ', no end recorded' : ` after ${formatDuration(durationMs)}`;
  const totals = [formatCount(attempts, 'request'), ...formatUsage(run)];
  if (waitMs > 0) totals.push(`waited ${formatDuration(waitMs)}`);
  return [
    `${narrative} · ${id}`,
    file ?? 'from standard input',
    `${formatDateTime(new Date(startedAt))} · ${status}${outcome} · ${formatInteger(actsEnded)} of ${formatCount(actCount, getUnit(run))}`,
    totals.join(' · '),
    ...(hasRowRuns(run) ? [`${formatOrigin(run)}; show one with: boticelli runs show ${id}/<number>`] : []),
    ...(run.vars ? [formatVariables({ vars: run.vars })] : []),
    ...(run.rowLabel !== undefined ? [`row: ${run.rowLabel}`] : []),
    ...(run.matrixLabel !== undefined && !hasRowRuns(run) ? [run.matrixLabel] : []),
  ];
}

/** Formats where the rows of a run come from: `rows of c.csv`, `runs of model=a,b`, `runs of c.csv with model=a,b`. */
function formatOrigin(run: RecordedRun): string {
  const origins = [run.source, run.matrixLabel].filter((origin) => origin !== undefined);
  return `${getRowUnit(run)}s of ${origins.join(' with ')}`;
}

/** Formats the line of a row: `7  completed  Great product`, with `--matrix` also `model=a temperature=0`. */
function formatRow({ run: id, status, rowLabel, matrixLabel, error }: RecordedRun): string {
  const number = id.slice(id.indexOf('/') + 1).padStart(6);
  return [number, error?.code ?? status, ...[rowLabel, matrixLabel].filter((label) => label !== undefined)].join('  ');
}

function formatUsage({ usage, costUsd }: RecordedRun): string[] {
  const tokens = formatBilledTokens(usage);
  return costUsd === undefined ? [tokens] : [tokens, formatUsd(costUsd)];
}

function formatEnd(end: ActEnd): string[] {
  return [formatActEnd(end), formatFinishWarning(end) ?? [], formatMedia(end)].flat();
}

function formatEvent(event: ActProgressEvent): string[] {
  switch (event.type) {
    case 'act-wait':
      // The line about the failed attempt shows its backoff too.
      return event.reason === 'backoff' ? [] : [`waited ${formatWait(event)}`];
    case 'act-retry':
      return [formatRetry(event)];
    case 'act-fallback':
      return [formatFallback(event)];
    case 'act-note':
      return [event.message];
  }
}

/**
 * Returns the document of `runs export --format json`: the fields of `run --output json`, and everything else that was
 * recorded. `told` has the events between the start and the end of each act, and `details` the timing and the prompt of
 * each act. `rows` is absent if the run has no rows.
 */
export function toRunExport(run: RecordedRun, { acts, rows }: RunContent) {
  const exported = {
    ...{ ...run, acts: acts.flatMap(({ end }) => end ?? []), told: acts.flatMap(({ events }) => events) },
    details: acts.map(({ act, timing, prompt }) => ({ act, ...(timing && { timing }), ...(prompt && { prompt }) })),
  };
  return rows.length === 0 ? exported : { ...exported, rows };
}

/**
 * Renders the document of `runs export --format markdown`: a heading for each act, and the reply below it. Only the end
 * of a reply is changed: trailing white space is removed, and an open code block is closed. Replies may contain control
 * characters.
 */
export function renderRunMarkdown(run: RecordedRun, { acts, rows }: RunContent): string {
  const { narrative, run: id, startedAt, status, actsEnded, actCount, durationMs, modelsServed, error } = run;
  const duration = durationMs === undefined ? '' : ` after ${formatDuration(durationMs)}`;
  const listItems = [
    `- Run \`${id}\`, ${startedAt}`,
    `- ${status}${duration}, ${formatInteger(actsEnded)} of ${formatCount(actCount, getUnit(run))}`,
    ...(modelsServed.length === 0 ? [] : [`- Served by ${modelsServed.map((model) => `\`${model}\``).join(', ')}`]),
    `- ${formatUsage(run).join(', ')}`,
    ...(error ? [`- ${escapeMarkdown(formatErrorMessage(error))}`] : []),
    ...rows.map((row) => `- ${escapeMarkdown(formatRow(row).trim())}`),
  ];
  const sections = acts.map(({ act, end }, index) => {
    const heading = `## ${index + 1}. ${escapeMarkdown(act)}`;
    if (!end) return `${heading}\n\n*No reply.*`;
    const summary = `*${escapeMarkdown(formatEnd(end).join(' · '))}*`;
    const sources = end.sources ? [renderSources(end.sources)] : [];
    return [heading, summary, closeOpenFence(end.text.replace(/\s+$/, '')), ...sources].join('\n\n');
  });
  return `${[`# ${escapeMarkdown(narrative)}`, listItems.join('\n'), ...sections].join('\n\n')}\n`;
}

/** Closes a code block that a truncated reply leaves open, so that it does not include everything that follows. */
function closeOpenFence(text: string): string {
  let openFence: string | undefined;
  for (const [, fence = '', afterFence = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})(.*)$/gm)) {
    if (openFence === undefined) openFence = fence;
    else if (fence[0] === openFence[0] && fence.length >= openFence.length && afterFence.trim() === '')
      openFence = undefined;
  }
  return openFence === undefined ? text : `${text}\n${openFence}`;
}
