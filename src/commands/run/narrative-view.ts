import { join } from 'node:path';
import { noUsage, type ReplyAudio } from '../../driver/response.js';
import { asBoticelliError, reportOf } from '../../errors.js';
import type { NarrativeEvent, RunReport } from '../../executor/event.js';
import type { PlannedAct } from '../../executor/planned-acts.js';
import { newRunId } from '../../executor/run-id.js';
import type { Output } from '../../terminal/output.js';
import type { Lines } from '../../terminal/progress/lines.js';
import { createProgress, type Progress } from '../../terminal/progress/progress.js';
import type { IsShown } from '../../terminal/replies/replies.js';
import type { Paint } from '../../terminal/text/colors.js';
import { openReplyFiles, type ReplyFiles } from './out-dir.js';
import type { RepliesOfAll } from './reply-outputs.js';
import type { RunOptions } from './run.js';

/** Where one narrative shows itself. */
export interface ScreenPart {
  /** Tells lines on standard error, as they are. */
  say(lines: string): void;
  /** Tells a person what they should know, in a line of its own. */
  warn(text: string): void;
  /** Hears what is going to play: of narratives within narratives, text shows the last replies alone. */
  expect(planned: readonly PlannedAct[]): void;
  /** Makes the folder of `--out-dir`. Rejects with `output_failed` where it can't be written. */
  prepare(): Promise<void>;
  /** Resolves, for the end of an act, when its reply has left the process: a pipe that was closed is found out then. */
  onEvent(event: NarrativeEvent): void | Promise<void>;
  /** Writes a reply's speech into the folder of `--out-dir`, and returns the file's name there. */
  keepAudio(act: { act: string; index: number }, audio: ReplyAudio): string | undefined;
  /** Whether text of the act can be taken back: not where a pipe has it. */
  mayDiscard(act: { act: string; index: number }): boolean;
  /** The report of a run that failed before its first act, told as its only event. */
  failBeforeRun(thrown: unknown): RunReport;
  /**
   * Writes and shows the report and resolves when all that may be shown yet has left the process, to the report as it then
   * is: failed, if it could not be written.
   */
  finish(report: RunReport): Promise<RunReport>;
}

export interface ScreenPartOptions {
  /** Where the narrative stands among those given. */
  at: number;
  /** What they are called. */
  names: readonly string[];
  options: RunOptions;
  lines: Lines;
  paint: Paint;
  /** Standard output. */
  stdout: Output;
  replies: RepliesOfAll;
  /** Whether a spinner counts waits down. */
  countsDown: boolean;
  /** A reader that has gone is no news to anyone. */
  isPipeClosed: () => boolean;
}

export function openScreenPart(given: ScreenPartOptions): ScreenPart {
  const { at, options, lines, stdout, isPipeClosed } = given;
  let files: ReplyFiles | undefined;
  let planned: readonly PlannedAct[] = [];
  const isShown: IsShown = ({ index }) => shows(planned, index, options);
  const progress = progressOf(given);
  const replies = given.replies(at, {
    isShown,
    ...(headsReplies(given) && { introduce: (start) => options.quiet || progress.heading(start) }),
  });

  const onEvent = (event: NarrativeEvent): void | Promise<void> => {
    replies.onEvent(event);
    if (!isPipeClosed()) progress.onEvent(event);
    if (event.type !== 'act-end') return;
    files?.writeReply(event);
    return stdout.flushed();
  };
  return {
    say: (text) => lines.say(text),
    warn: (text) => progress.warn(`boticelli: warning: ${text}`),
    expect: (plan) => {
      planned = plan;
    },
    async prepare() {
      const folder = folderOf(given);
      if (folder !== undefined) files = await openReplyFiles(folder);
    },
    onEvent,
    keepAudio: (act, audio) => files?.writeAudio(act, audio),
    mayDiscard: (act) =>
      options.output !== 'text' || stdout.isTerminal || !isShown(act) || replies.isHeldBack?.() === true,
    failBeforeRun(thrown) {
      const report = failed(reportWithoutActs(), thrown);
      const { run, status, usage, durationMs, error } = report;
      onEvent({ type: 'narrative-end', run, status, usage, durationMs, error });
      return report;
    },
    async finish(report) {
      const written = withReportWritten(report, files);
      replies.finish(written);
      await stdout.flushed();
      return written;
    },
  };
}

/** Several at once on one screen: between a heading and its reply there would be lines of others. */
function headsReplies({ names, options, lines }: ScreenPartOptions): boolean {
  return names.length > 1 && (options.jobs ?? 1) > 1 && lines.areAmongReplies;
}

function progressOf(given: ScreenPartOptions): Progress {
  const { at, names, options, lines, paint, countsDown } = given;
  const hasSeveral = names.length > 1;
  return createProgress({
    ...{ lines, paint, countsDown, now: Date.now },
    detail: options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal',
    headings: headsReplies(given) ? 'with-reply' : 'at-start',
    ...(hasSeveral && { label: names[at] ?? '' }),
  });
}

/** With several narratives each has a folder of its own. */
function folderOf({ at, names, options: { outDir } }: ScreenPartOptions): string | undefined {
  if (outDir === undefined || names.length === 1) return outDir;
  return join(outDir, names[at] ?? '');
}

function shows(planned: readonly PlannedAct[], index: number, { last, only, output }: RunOptions): boolean {
  if (last) return index === planned.length - 1;
  if (only) return only.some((name) => planned[index]?.repliesOf.includes(name));
  return output !== 'text' || planned[index]?.isOutermost === true;
}

function withReportWritten(report: RunReport, files: ReplyFiles | undefined): RunReport {
  try {
    files?.writeReport(report);
    return report;
  } catch (thrown) {
    return report.failure ? report : failed(report, thrown);
  }
}

function failed(report: RunReport, thrown: unknown) {
  const failure = asBoticelliError(thrown);
  const status = failure.code === 'interrupted' ? ('interrupted' as const) : ('failed' as const);
  return { ...report, status, error: reportOf(failure), failure };
}

function reportWithoutActs(): RunReport {
  const unknown = { narrative: undefined, description: undefined };
  return { run: newRunId(Date.now()), ...unknown, status: 'failed', acts: [], usage: noUsage, durationMs: 0 };
}
