import type { RecordedAct, RecordedRun } from '../../store/runs/read-runs.js';
import { formatActEnd, formatFinishWarning } from '../progress/format-events.js';
import { toDisplayLine } from '../text/display-line.js';
import { formatCount, formatDuration, formatUsd } from '../text/format.js';

/** The document of `runs export --format json`: what `--output json` printed, and what is known besides. */
export function toRunExport(run: RecordedRun, acts: readonly RecordedAct[]) {
  return { ...run, acts: acts.flatMap(({ end }) => end ?? []), told: acts.flatMap(({ events }) => events) };
}

/** The document of `runs export --format markdown`: a heading an act, and its reply below it as it came. */
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
    ...(error
      ? [`- ${error.act === undefined ? '' : `${escapeMarkdown(error.act)}: `}${escapeMarkdown(error.message)}`]
      : []),
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

/** Words of ours in Markdown: on one line, and what would format them is shown. */
function escapeMarkdown(text: string): string {
  return toDisplayLine(text).replaceAll(/[\\`*[\]<>#|]|(?<!\w)_|_(?!\w)/g, '\\$&');
}

/** A reply that was cut short within a block of code would take all that follows into it. */
function closeOpenFence(text: string): string {
  let openFence: string | undefined;
  for (const [, fence = '', rest = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})(.*)$/gm)) {
    if (openFence === undefined) openFence = fence;
    else if (fence[0] === openFence[0] && fence.length >= openFence.length && rest.trim() === '') openFence = undefined;
  }
  return openFence === undefined ? text : `${text}\n${openFence}`;
}
