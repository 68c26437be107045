import { join } from 'node:path';
import { type ReplyAudio, zeroUsage } from '../../driver/response.js';
import { toBoticelliError, toErrorReport } from '../../errors.js';
import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';
import type { PlannedAct } from '../../executor/plan-acts.js';
import { createRunId } from '../../executor/run-id.js';
import type { Output } from '../../terminal/output.js';
import { createProgress, type Progress } from '../../terminal/progress/progress.js';
import type { StderrWriter } from '../../terminal/progress/stderr-writer.js';
import type { ActFilter } from '../../terminal/replies/reply-output.js';
import type { Colors } from '../../terminal/text/colors.js';
import { openReplyFiles, type ReplyFiles } from './out-dir.js';
import type { CreateReplies } from './reply-outputs.js';
import type { RunOptions } from './run.js';

/** Where one narrative shows itself. */
export interface NarrativeView {
  /** Tells lines on standard error, as they are. */
  printLines(lines: string): void;
  /** Tells a person what they should know, in a line of its own. */
  warn(text: string): void;
  /** Hears what is going to play: of narratives within narratives, text shows the last replies alone. */
  setPlannedActs(planned: readonly PlannedAct[]): void;
  /** Makes the folder of `--out-dir`. Rejects with `output_failed` where it can't be written. */
  openOutDir(): Promise<void>;
  /** Resolves, for the end of an act, when its reply has left the process: a pipe that was closed is found out then. */
  onEvent(event: NarrativeEvent): void | Promise<void>;
  /** Writes a reply's speech into the folder of `--out-dir`, and returns the file's name there. */
  saveAudio(act: { act: string; index: number }, audio: ReplyAudio): string | undefined;
  /** Whether text of the act can be taken back: not where a pipe has it. */
  canDiscard(act: { act: string; index: number }): boolean;
  /** The report of a run that failed before its first act, told as its only event. */
  failBeforeStart(thrown: unknown): RunReport;
  /**
   * Writes and shows the report and resolves when all that may be shown yet has left the process, to the report as it then
   * is: failed, if it could not be written.
   */
  finish(report: RunReport): Promise<RunReport>;
}

export interface NarrativeViewOptions {
  /** Where the narrative stands among those given. */
  narrativeIndex: number;
  /** What they are called. */
  labels: readonly string[];
  options: RunOptions;
  lines: StderrWriter;
  colors: Colors;
  /** Standard output. */
  stdout: Output;
  createReplies: CreateReplies;
  /** Whether a spinner counts waits down. */
  showsCountdown: boolean;
  /** A reader that has gone is no news to anyone. */
  isPipeClosed: () => boolean;
}

export function openNarrativeView(viewOptions: NarrativeViewOptions): NarrativeView {
  const { narrativeIndex, options, lines, stdout, isPipeClosed } = viewOptions;
  let files: ReplyFiles | undefined;
  let planned: readonly PlannedAct[] = [];
  const isShown: ActFilter = ({ index }) => isActShown(planned, index, options);
  const progress = createNarrativeProgress(viewOptions);
  const replies = viewOptions.createReplies(narrativeIndex, {
    isActShown: isShown,
    ...(printsHeadingWithReply(viewOptions) && {
      writeHeading: (start) => options.quiet || progress.writeHeading(start),
    }),
  });

  const onEvent = (event: NarrativeEvent): void | Promise<void> => {
    replies.onEvent(event);
    if (!isPipeClosed()) progress.onEvent(event);
    if (event.type !== 'act-end') return;
    files?.writeReply(event);
    return stdout.flush();
  };
  return {
    printLines: (text) => lines.writeLine(text),
    warn: (text) => progress.warn(`boticelli: warning: ${text}`),
    setPlannedActs: (acts) => {
      planned = acts;
    },
    async openOutDir() {
      const folder = getOutDir(viewOptions);
      if (folder !== undefined) files = await openReplyFiles(folder);
    },
    onEvent,
    saveAudio: (act, audio) => files?.writeAudio(act, audio),
    canDiscard: (act) =>
      options.output !== 'text' || stdout.isTerminal || !isShown(act) || replies.isQueued?.() === true,
    failBeforeStart(thrown) {
      const report = toFailedReport(createEmptyReport(), thrown);
      const { run, status, usage, durationMs, error } = report;
      onEvent({ type: 'narrative-end', run, status, usage, durationMs, error });
      return report;
    },
    async finish(report) {
      const finalReport = tryWriteReport(report, files);
      replies.finish(finalReport);
      await stdout.flush();
      return finalReport;
    },
  };
}

/** Several at once on one screen: between a heading and its reply there would be lines of others. */
function printsHeadingWithReply({ labels, options, lines }: NarrativeViewOptions): boolean {
  return labels.length > 1 && (options.jobs ?? 1) > 1 && lines.sharesScreen;
}

function createNarrativeProgress(viewOptions: NarrativeViewOptions): Progress {
  const { narrativeIndex, labels, options, lines, colors, showsCountdown } = viewOptions;
  const hasSeveral = labels.length > 1;
  return createProgress({
    ...{ stderr: lines, colors, showsCountdown, now: Date.now },
    detail: options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal',
    headings: printsHeadingWithReply(viewOptions) ? 'with-reply' : 'at-start',
    replays: options.replay !== undefined,
    ...(hasSeveral && { label: labels[narrativeIndex] ?? '' }),
  });
}

/** With several narratives each has a folder of its own. */
function getOutDir({ narrativeIndex, labels, options: { outDir } }: NarrativeViewOptions): string | undefined {
  if (outDir === undefined || labels.length === 1) return outDir;
  return join(outDir, labels[narrativeIndex] ?? '');
}

function isActShown(planned: readonly PlannedAct[], index: number, { last, only, output }: RunOptions): boolean {
  if (last) return index === planned.length - 1;
  if (only) return only.some((name) => planned[index]?.actNames.includes(name));
  return output !== 'text' || planned[index]?.isTopLevel === true;
}

function tryWriteReport(report: RunReport, files: ReplyFiles | undefined): RunReport {
  try {
    files?.writeReport(report);
    return report;
  } catch (thrown) {
    return report.failure ? report : toFailedReport(report, thrown);
  }
}

function toFailedReport(report: RunReport, thrown: unknown) {
  const failure = toBoticelliError(thrown);
  const status = failure.code === 'interrupted' ? ('interrupted' as const) : ('failed' as const);
  return { ...report, status, error: toErrorReport(failure), failure };
}

function createEmptyReport(): RunReport {
  const unknown = { narrative: undefined, description: undefined };
  return { run: createRunId(Date.now()), ...unknown, status: 'failed', acts: [], usage: zeroUsage, durationMs: 0 };
}
