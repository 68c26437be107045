import type { ReplyMedia } from '../../driver/reply-media.js';
import { type ReplyAudio, zeroUsage } from '../../driver/response.js';
import { toBoticelliError, toErrorReport } from '../../errors.js';
import type { ActDetail } from '../../executor/acts/act-details.js';
import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';
import type { PlannedAct } from '../../executor/plan-acts.js';
import { createRunId } from '../../executor/run-id.js';
import type { Output } from '../../terminal/output.js';
import { createProgress, type Progress } from '../../terminal/progress/progress.js';
import type { StderrWriter } from '../../terminal/progress/stderr-writer.js';
import type { ActFilter } from '../../terminal/replies/reply-output.js';
import type { Colors } from '../../terminal/text/colors.js';
import { type RunOptions, showsPrompts } from './options.js';
import { openReplyFiles, type ReplyFiles } from './out-dir.js';
import type { CreateReplies } from './reply-outputs.js';

/** The output of one narrative: its replies, progress and files. */
export interface NarrativeView {
  /** Prints lines on standard error, unchanged. */
  printLines(lines: string): void;
  warn(text: string): void;
  /** Sets the acts of the run, and creates the folder of `--out-dir`. @throws BoticelliError `output_failed` */
  prepare(planned: readonly PlannedAct[]): Promise<void>;
  /**
   * Shows an event. At the end of an act, resolves once the reply has left the process, because only then is a closed
   * pipe detected.
   */
  onEvent(event: NarrativeEvent): void | Promise<void>;
  /** Shows the prompt of an act, if prompts are shown. */
  onDetail(detail: ActDetail): void;
  /** Writes the speech of a reply to `--out-dir` and returns the name of the file; undefined without `--out-dir`. */
  saveAudio(act: { act: string; index: number }, audio: ReplyAudio): string | undefined;
  /** Writes a picture or a sound to `--out-dir` and returns the name of the file; undefined without `--out-dir`. */
  saveMedia(act: { act: string; index: number }, media: ReplyMedia, number: number): string | undefined;
  /**
   * Whether the text of the act so far can be discarded, so that a retry can start the reply again. With `-o text`, it
   * can't be discarded once a pipe or a file has received it.
   */
  canDiscard(act: { act: string; index: number }): boolean;
  /** Emits the only event of a run that failed before its first act, and returns its report. */
  failBeforeStart(thrown: unknown): RunReport;
  /** The names of the acts of the run, in order; empty before `prepare`. */
  readonly actNames: readonly string[];
  /**
   * With `--out-dir`, writes `run.json`. Then ends the replies and flushes standard output. Returns the report, marked
   * as failed if `run.json` could not be written.
   */
  finish(report: RunReport): Promise<RunReport>;
}

interface NarrativeViewOptions {
  /** The position of the narrative among the arguments. */
  narrativeIndex: number;
  /** The names of all narratives in progress lines and `--out-dir`: file names without `.toml`, made unique. */
  labels: readonly string[];
  options: RunOptions;
  stderrWriter: StderrWriter;
  colors: Colors;
  stdout: Output;
  createReplies: CreateReplies;
  /** Whether a spinner shows the remaining time of a wait. */
  hasSpinner: boolean;
  /** Whether the reader of standard output has closed it. If so, progress is no longer shown. */
  isPipeClosed: () => boolean;
  /** Call it at each wait for a guessed limit. It returns true only at its first call in the command. */
  isFirstGuessedLimit: () => boolean;
}

/** Opens the output of one narrative. Nothing is written before the first event. */
export function openNarrativeView(viewOptions: NarrativeViewOptions): NarrativeView {
  const { narrativeIndex, labels, options, stderrWriter, stdout, isPipeClosed } = viewOptions;
  let files: ReplyFiles | undefined;
  let planned: readonly PlannedAct[] = [];
  const isActShown: ActFilter = ({ index }) => isReplyShown(planned, index, options);
  const progress = createNarrativeProgress(viewOptions);
  const replies = viewOptions.createReplies(narrativeIndex, {
    isActShown,
    ...(printsHeadingWithReply(viewOptions) && {
      writeHeading: (start) => options.quiet || progress.writeHeading(start),
    }),
  });

  const onEvent = (event: NarrativeEvent): void | Promise<void> => {
    if (!isPipeClosed()) progress.writeThoughts(event);
    replies.onEvent(event);
    if (!isPipeClosed()) progress.onEvent(event);
    if (event.type !== 'act-end') return;
    files?.writeReply(event);
    return stdout.flush();
  };
  return {
    printLines: (text) => stderrWriter.writeLine(text),
    warn: (text) => progress.warn(`boticelli: warning: ${text}`),
    async prepare(acts) {
      planned = acts;
      // If there are several narratives, each has its own subfolder.
      const subfolder = labels.length === 1 ? '' : labels[narrativeIndex];
      if (options.outDir !== undefined) files = await openReplyFiles(options.outDir, subfolder);
    },
    onEvent,
    onDetail: (detail) => isPipeClosed() || progress.onDetail(detail),
    get actNames() {
      return planned.map(({ name }) => name);
    },
    saveAudio: (act, audio) => files?.writeAudio(act, audio),
    saveMedia: (act, media, number) => files?.writeMedia(act, media, number),
    canDiscard: (act) =>
      options.output !== 'text' || stdout.isTerminal || !isActShown(act) || replies.isHeldBack?.(act) === true,
    failBeforeStart(thrown) {
      const report = createFailedReport(thrown);
      onEvent(toEndEvent(report));
      return report;
    },
    async finish(report) {
      const finalReport = failReportIfThrows(report, () => files?.writeReport(report));
      replies.finish(finalReport);
      await stdout.flush();
      return finalReport;
    },
  };
}

function toEndEvent({ run, status, usage, durationMs, error }: ReturnType<typeof createFailedReport>): NarrativeEvent {
  return { type: 'narrative-end', run, status, usage, durationMs, error };
}

/**
 * Whether a heading is printed together with its reply. This is needed when acts or narratives run in parallel on one
 * terminal, because lines of other acts would otherwise come between the heading and the reply.
 */
function printsHeadingWithReply({ options, stderrWriter }: NarrativeViewOptions): boolean {
  return (options.jobs ?? 1) > 1 && stderrWriter.sharesScreen;
}

function createNarrativeProgress(viewOptions: NarrativeViewOptions): Progress {
  const { narrativeIndex, labels, options, stderrWriter, colors, hasSpinner, isFirstGuessedLimit } = viewOptions;
  return createProgress({
    ...{ stderr: stderrWriter, colors, hasSpinner, isFirstGuessedLimit, now: Date.now },
    verbosity: options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal',
    headings: printsHeadingWithReply(viewOptions) ? 'with-reply' : 'at-start',
    replays: options.replay !== undefined,
    showsPrompts: showsPrompts(options),
    ...(labels.length > 1 && { label: labels[narrativeIndex] ?? '' }),
  });
}

/**
 * Whether the reply of an act is shown: with `--last` only the last one, with `--only` those of the named acts,
 * otherwise all. In text output without these flags, only the replies of top-level acts are shown. The reply of an
 * act that runs a nested narrative is the last reply of that narrative, so one reply can belong to several acts.
 */
function isReplyShown(planned: readonly PlannedAct[], index: number, { last, only, output }: RunOptions): boolean {
  if (last) return index === planned.length - 1;
  if (only) return only.some((name) => planned[index]?.actsWithThisReply.includes(name));
  return output !== 'text' || planned[index]?.isReplyOfTopLevelAct === true;
}

/**
 * Calls `work`, the last step of a run, such as writing the report to a file. Returns the report; if `work` throws, the
 * report is marked as failed. A report that has a failure already keeps that failure.
 */
export function failReportIfThrows(report: RunReport, work: () => void): RunReport {
  try {
    work();
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

/** Creates the report of a run that failed before its first act. */
export function createFailedReport(thrown: unknown) {
  return toFailedReport(createEmptyReport(), thrown);
}

function createEmptyReport(): RunReport {
  const unknown = { narrative: undefined, description: undefined };
  return { run: createRunId(Date.now()), ...unknown, status: 'failed', acts: [], usage: zeroUsage, durationMs: 0 };
}
