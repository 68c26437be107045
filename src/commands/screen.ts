import { noUsage, type ReplyAudio } from '../driver/response.js';
import { asBoticelliError, Interrupted, reportOf } from '../errors.js';
import type { NarrativeEvent, RunReport } from '../executor/event.js';
import type { PlannedAct } from '../executor/planned-acts.js';
import { newRunId } from '../executor/run-id.js';
import { createJsonReplies, createNdjsonReplies } from '../terminal/json-replies.js';
import { createOutput, type Output } from '../terminal/output.js';
import { type Paint, paintFor } from '../terminal/paint.js';
import { createProgress, type Progress } from '../terminal/progress.js';
import type { IsShown, Replies } from '../terminal/replies.js';
import { createSpinner } from '../terminal/spinner.js';
import { createTextReplies } from '../terminal/text-replies.js';
import type { Ending } from './ending.js';
import type { Host } from './host.js';
import { openReplyFiles, type ReplyFiles } from './reply-files.js';
import type { RunOptions } from './run.js';

/** Where a run shows itself: replies on standard output, progress on standard error, files of `--out-dir`. */
export interface Screen {
  /** The colours of standard error. */
  paint: Paint;
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
   * Writes and shows the report and resolves when all has left the process, to the report as it then is: failed, if
   * it could not be written.
   */
  finish(report: RunReport): Promise<RunReport>;
}

interface ScreenOptions {
  options: RunOptions;
  host: Host;
  ending: Ending;
}

/** Opens the screen that the flags ask for. */
export async function openScreen({ options, host, ending }: ScreenOptions): Promise<Screen> {
  const stdout = createOutput({ stream: host.stdout, onFailure: ending.outputFailed });
  const paint = await paintFor(host.stderr);
  const progress = await openProgress({ options, host, paint, stdout });
  let files: ReplyFiles | undefined;

  let planned: readonly PlannedAct[] = [];
  const isShown: IsShown = ({ index }) => shows(planned, index, options);
  const replies = repliesAs(options.output, stdout, isShown);

  const onEvent = (event: NarrativeEvent): void | Promise<void> => {
    progress.makeRoom();
    replies.onEvent(event);
    if (!isPipeClosed(ending)) progress.onEvent(event);
    if (event.type !== 'act-end') return;
    files?.writeReply(event);
    return stdout.flushed();
  };
  return {
    paint,
    warn: (text) => progress.warn(`boticelli: warning: ${text}`),
    expect: (plan) => {
      planned = plan;
    },
    async prepare() {
      if (options.outDir !== undefined) files = await openReplyFiles(options.outDir);
    },
    onEvent,
    keepAudio: (act, audio) => files?.writeAudio(act, audio),
    mayDiscard: (act) => options.output !== 'text' || stdout.isTerminal || !isShown(act),
    failBeforeRun(thrown) {
      const report = failed(reportWithoutActs(), thrown);
      const { run, status, usage, durationMs, error } = report;
      onEvent({ type: 'narrative-end', run, status, usage, durationMs, error });
      return report;
    },
    async finish(report) {
      progress.stop();
      const written = withReportWritten(report, files);
      replies.finish(written);
      await stdout.flushed();
      return written;
    },
  };
}

function shows(planned: readonly PlannedAct[], index: number, { last, only, output }: RunOptions): boolean {
  if (last) return index === planned.length - 1;
  if (only) return only.some((name) => planned[index]?.repliesOf.includes(name));
  return output !== 'text' || planned[index]?.isOutermost === true;
}

/** The spinner is for people: not for a terminal that CI pretends to be, and not for `--quiet`. */
async function openProgress({
  options,
  host,
  paint,
  stdout,
}: Omit<ScreenOptions, 'ending'> & { paint: Paint; stdout: Output }): Promise<Progress> {
  const stderr = createOutput({ stream: host.stderr, onFailure: () => {} });
  const spins = stderr.isTerminal && !options.quiet && !host.env.CI && host.env.TERM !== 'dumb';
  const spinner = spins ? await createSpinner(host.stderr) : undefined;
  const detail = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal';
  const sharesScreen = stdout.isTerminal && stderr.isTerminal;
  return createProgress({ output: stderr, paint, detail, sharesScreen, ...(spinner && { spinner }) });
}

/** A reader that has gone is no news to anyone. */
function isPipeClosed({ signal: { reason } }: Ending): boolean {
  return reason instanceof Interrupted && reason.signal === 'SIGPIPE';
}

function repliesAs(format: RunOptions['output'], output: Output, isShown: IsShown): Replies {
  if (format === 'json') return createJsonReplies({ output, isShown });
  return format === 'ndjson' ? createNdjsonReplies({ output }) : createTextReplies({ output, isShown });
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
  return { ...report, status: 'failed', error: reportOf(failure), failure } as const;
}

function reportWithoutActs(): RunReport {
  const unknown = { narrative: undefined, description: undefined };
  return { run: newRunId(Date.now()), ...unknown, status: 'failed', acts: [], usage: noUsage, durationMs: 0 };
}
