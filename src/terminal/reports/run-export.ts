import type { RecordedAct, RecordedRun } from '../../store/runs/read-runs.js';
import { formatErrorMessage } from '../diagnostics/format-error.js';
import { formatActEnd, formatFinishWarning } from '../progress/format-events.js';
import { formatCount, formatDuration, formatUsd } from '../text/format.js';
import { toDisplayLine } from '../text/printable.js';

/** Returns the document of `runs export --format json`: that of `--output json`, and everything else recorded. */
export function toRunExport(run: RecordedRun, acts: readonly RecordedAct[]) {
  return { ...run, acts: acts.flatMap(({ end }) => end ?? []), told: acts.flatMap(({ events }) => events) };
}

/** Renders the document of `runs export --format markdown`: a heading for each act, and its unchanged reply below. */
export function renderRunMarkdown(run: RecordedRun, acts: readonly RecordedAct[]): string {
  const {
    narrative,
    run: id,
    startedAt,
    status,
    actsEnded,
    actCount,
    durationMs,
    modelsServed,
    usage,
    costUsd,
    error,
  } = run;
  const facts = [
    `- Run \`${id}\`, ${startedAt}`,
    `- ${status}${durationMs === undefined ? '' : ` after ${formatDuration(durationMs)}`}, ${actsEnded} of ${formatCount(actCount, 'act')}`,
    ...(modelsServed.length === 0 ? [] : [`- Served by ${modelsServed.map((model) => `\`${model}\``).join(', ')}`]),
    `- ${usage.promptTokens} tokens in, ${usage.outputTokens + usage.thoughtTokens} out${costUsd === undefined ? '' : `, ${formatUsd(costUsd)}`}`,
    ...(error ? [`- ${escapeMarkdown(formatErrorMessage(error))}`] : []),
  ];
  const sections = acts.map(({ act, end }, index) => {
    const heading = `## ${index + 1}. ${escapeMarkdown(act)}`;
    if (!end) return `${heading}\n\n*No reply.*`;
    const warning = formatFinishWarning(end);
    const summary = [formatActEnd(end, { verbose: false }), ...(warning === undefined ? [] : [warning])].join(' · ');
    return `${heading}\n\n*${escapeMarkdown(summary)}*\n\n${closeOpenFence(end.text.replace(/\s+$/, ''))}`;
  });
  return `${[`# ${escapeMarkdown(narrative)}`, facts.join('\n'), ...sections].join('\n\n')}\n`;
}

/** Escapes text for Markdown, on one line. */
function escapeMarkdown(text: string): string {
  return toDisplayLine(text).replaceAll(/[\\`*[\]<>#|]|(?<!\w)_|_(?!\w)/g, '\\$&');
}

/** Closes a code block that a truncated reply left open, because it would include everything that follows. */
function closeOpenFence(text: string): string {
  let openFence: string | undefined;
  for (const [, fence = '', rest = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})(.*)$/gm)) {
    if (openFence === undefined) openFence = fence;
    else if (fence[0] === openFence[0] && fence.length >= openFence.length && rest.trim() === '') openFence = undefined;
  }
  return openFence === undefined ? text : `${text}\n${openFence}`;
}
