import type { RecordedAct, RecordedRun } from '../../store/runs/read-runs.js';
import { actEndLine, finishWarning } from '../progress/event-lines.js';
import { counted, dollars, duration } from '../text/format.js';
import { visible } from '../text/visible.js';

/** The document of `runs export --format json`: what `--output json` printed, and what is known besides. */
export function runDocument(run: RecordedRun, acts: readonly RecordedAct[]) {
  return { ...run, acts: acts.flatMap(({ end }) => end ?? []), told: acts.flatMap(({ told }) => told) };
}

/** The document of `runs export --format markdown`: a heading an act, and its reply below it as it came. */
export function runMarkdown(run: RecordedRun, acts: readonly RecordedAct[]): string {
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
    `- ${status}${durationMs === undefined ? '' : ` after ${duration(durationMs)}`}, ${actsEnded} of ${counted(actCount, 'act')}`,
    ...(modelsServed.length === 0 ? [] : [`- Served by ${modelsServed.map((model) => `\`${model}\``).join(', ')}`]),
    `- ${usage.promptTokens} tokens in, ${usage.outputTokens + usage.thoughtTokens} out${costUsd === undefined ? '' : `, ${dollars(costUsd)}`}`,
    ...(error ? [`- ${error.act === undefined ? '' : `${escaped(error.act)}: `}${escaped(error.message)}`] : []),
  ];
  const sections = acts.map(({ act, end }, at) => {
    const heading = `## ${at + 1}. ${escaped(act)}`;
    if (!end) return `${heading}\n\n*No reply.*`;
    const warning = finishWarning(end);
    const about = [actEndLine(end, { verbose: false }), ...(warning === undefined ? [] : [warning])].join(' · ');
    return `${heading}\n\n*${escaped(about)}*\n\n${withFencesClosed(end.text.replace(/\s+$/, ''))}`;
  });
  return `${[`# ${escaped(narrative)}`, facts.join('\n'), ...sections].join('\n\n')}\n`;
}

/** Words of ours in Markdown: on one line, and what would format them is shown. */
function escaped(text: string): string {
  return visible(text).replaceAll(/[\\`*[\]<>#|]|(?<!\w)_|_(?!\w)/g, '\\$&');
}

/** A reply that was cut short within a block of code would take all that follows into it. */
function withFencesClosed(text: string): string {
  let open: string | undefined;
  for (const [, fence = '', rest = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})(.*)$/gm)) {
    if (open === undefined) open = fence;
    else if (fence[0] === open[0] && fence.length >= open.length && rest.trim() === '') open = undefined;
  }
  return open === undefined ? text : `${text}\n${open}`;
}
