import type {
  ActEnd,
  ActFallback,
  ActNote,
  ActRetry,
  ActStart,
  ActWait,
  NarrativeEvent,
} from '../../executor/narrative-events.js';
import type { Colors } from '../text/colors.js';
import { toPrintableLine } from '../text/printable.js';
import * as eventLines from './format-events.js';
import type { StderrWriter } from './stderr-writer.js';
import { createWaitTracker, isFileTransfer } from './wait-status.js';

/** Reports the progress of a narrative on standard error. */
export interface Progress {
  onEvent(event: NarrativeEvent): void;
  /** Writes the heading of an act, if `headings` is `with-reply`. */
  writeHeading(start: ActStart): void;
  /** Writes a warning, which `quiet` does not hide. */
  warn(text: string): void;
}

export interface ProgressOptions {
  stderr: StderrWriter;
  colors: Colors;
  /** `quiet` writes warnings only, `verbose` also every attempt and wait. */
  detail: 'quiet' | 'normal' | 'verbose';
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether a spinner shows waits; if so, they get no line of their own. */
  showsCountdown?: boolean;
  /** The name of the narrative, if there are several: begins every line. */
  label?: string;
  /** Whether the heading of an act is written when the act starts, or by the caller with its reply. */
  headings?: 'at-start' | 'with-reply';
  /** Whether replies come from a recording, under `--replay`. */
  replays?: boolean;
}

/** Creates a progress report: a line for each event, and the spinner's status in between. */
export function createProgress(options: ProgressOptions): Progress {
  const { detail, headings = 'at-start', showsCountdown = false, replays } = options;
  const reporter = createReporter(options);
  const trackWait = detail === 'quiet' ? () => {} : createWaitTracker(options);
  const verbose = detail === 'verbose';
  const counts: eventLines.ActCounts = { ended: 0, reused: 0, total: 0 };
  const writeHeading = (start: ActStart) => reporter.writeHeading(start, counts.total);

  const onEvent = (event: NarrativeEvent): void => {
    trackWait(event);
    if (event.type === 'narrative-start') counts.total = event.acts.length;
    else if (event.type === 'act-start') {
      if (headings === 'at-start') writeHeading(event);
    } else if (event.type === 'act-end') {
      counts.ended += 1;
      if (event.reused) counts.reused += 1;
      reportActEnd(event, { ...reporter, verbose, replays, showsWaits: showsCountdown && !verbose });
    } else if (event.type === 'narrative-end') {
      if (counts.total > (verbose ? 0 : 1)) reporter.report(eventLines.formatNarrativeEnd(event, counts));
    } else if (event.type !== 'act-delta') reportEvent(event, { ...reporter, verbose, showsCountdown });
  };
  return { onEvent, writeHeading, warn: reporter.warn };
}

type Reporting = Pick<ReturnType<typeof createReporter>, 'report' | 'warn'> & { verbose: boolean };

function reportEvent(
  event: ActRetry | ActWait | ActFallback | ActNote,
  { report, warn, verbose, showsCountdown }: Reporting & { showsCountdown: boolean },
): void {
  const showsWaits = verbose || !showsCountdown;
  const act = eventLines.formatActName(event);
  switch (event.type) {
    case 'act-retry':
      report(`${act}: ${eventLines.formatRetry(event)}`);
      if (event.discard) warn(`${act}: ${eventLines.discardMessage}`);
      break;
    case 'act-wait':
      // The line of the failed attempt shows its backoff.
      if (verbose || (!showsCountdown && event.reason !== 'backoff' && event.waitMs >= eventLines.minReportedWaitMs)) {
        report(`${act}: waiting ${eventLines.formatWait(event)}`);
      }
      break;
    case 'act-fallback':
      warn(`boticelli: ${act}: ${eventLines.formatFallback(event)}`);
      break;
    case 'act-note':
      if (showsWaits || !isFileTransfer(event)) report(`${act}: ${event.message}`);
  }
}

function reportActEnd(
  end: ActEnd,
  { report, warn, ...options }: Omit<Reporting, 'verbose'> & eventLines.FormatActEndOptions,
): void {
  const act = eventLines.formatActName(end);
  report(`${act}: ${eventLines.formatActEnd(end, options)}`);
  const warning = eventLines.formatFinishWarning(end);
  if (warning !== undefined) warn(`boticelli: warning: ${act}: ${warning}`);
}

/** Creates the functions that write a line. */
function createReporter({ stderr, colors, detail, label }: ProgressOptions) {
  const programPrefix = 'boticelli: ';
  const formatLine = (text: string) => {
    if (label === undefined) return toPrintableLine(text);
    return toPrintableLine(
      text.startsWith(programPrefix)
        ? `${programPrefix}${label}: ${text.slice(programPrefix.length)}`
        : `${label}: ${text}`,
    );
  };
  return {
    writeHeading(start: ActStart, actCount: number) {
      if (detail === 'quiet') return;
      const { index, model } = start;
      const title = formatLine(`[${index + 1}/${actCount}] ${eventLines.formatActName(start)}`);
      const colorize = (text: string) =>
        colors.heading(text.slice(0, title.length)) + colors.dim(text.slice(title.length));
      stderr.writeLine(`${title} ${toPrintableLine(model)}`, colorize);
    },
    report(text: string) {
      if (detail !== 'quiet') stderr.writeLine(formatLine(text), colors.dim);
    },
    warn: (text: string) => stderr.writeLine(formatLine(text), colors.warning),
  };
}
