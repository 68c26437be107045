import type { ActDetail, ActPrompt } from '../../executor/acts/act-details.js';
import type { ActStart, ActWait, NarrativeEvent } from '../../executor/narrative-events.js';
import type { Colors } from '../text/colors.js';
import { toPrintableLine } from '../text/printable.js';
import { createActIndexer } from './act-index.js';
import * as eventLines from './format-events.js';
import { colorizePrompt, formatPrompt } from './format-prompt.js';
import { formatToolUse } from './format-tool-use.js';
import type { StderrWriter } from './stderr-writer.js';
import { createThoughtWriter } from './thoughts.js';
import { createWaitTracker, isFileTransfer } from './wait-status.js';

/** Reports the progress of a narrative on standard error. */
export interface Progress {
  onEvent(event: NarrativeEvent): void;
  /** Writes the prompt of an act, if prompts are shown. */
  onDetail(detail: ActDetail): void;
  /** Writes thoughts. Call it for every event, before the event is passed to the replies: thoughts precede their reply. */
  writeThoughts(event: NarrativeEvent): void;
  /** Writes the heading of an act. Call it only if `headings` is `with-reply`. */
  writeHeading(start: ActStart): void;
  /** Writes a warning, which `quiet` does not hide. */
  warn(text: string): void;
}

/** What is written, and where. */
export interface ProgressOptions {
  stderr: StderrWriter;
  colors: Colors;
  /**
   * `quiet` hides everything but warnings, fallbacks, thoughts, requested prompts and the line about discarded text;
   * `verbose` also writes every attempt and wait.
   */
  verbosity: 'quiet' | 'normal' | 'verbose';
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether a spinner shows waits. If so, a wait has a line of its own only with `verbose`. */
  hasSpinner?: boolean;
  /** The name of the narrative, which begins every line. Absent if there is only one narrative. */
  label?: string;
  /** Whether the heading of an act is written when the act starts, or by the caller with its reply. */
  headings?: 'at-start' | 'with-reply';
  /** Whether replies come from a recording, under `--replay`. */
  replays?: boolean;
  /** Whether prompts are written, also if `verbosity` is `quiet`. Default false. */
  showsPrompts?: boolean;
  /**
   * Called at each reported wait for a guessed limit. It returns true only at its first call, and only then a line
   * explains the limit. Narratives that share this function have one such line. Default: not shared.
   */
  isFirstGuessedLimit?: () => boolean;
}

/** Creates a function that returns true at its first call and false after that. */
export function createIsFirstCall(): () => boolean {
  let isFirst = true;
  return () => {
    const wasFirst = isFirst;
    isFirst = false;
    return wasFirst;
  };
}

/**
 * Creates a progress report: lines about the events that `verbosity` selects, and the status of each act in
 * the spinner.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { verbosity, headings = 'at-start', isFirstGuessedLimit = createIsFirstCall() } = options;
  const reporter = createReporter(options);
  const trackWait = verbosity === 'quiet' ? () => {} : createWaitTracker(options);
  const counts: eventLines.ActCounts = { completed: 0, reused: 0, total: 0 };
  const countDiscarded = createDiscardCounter();
  const writeThoughts = createThoughtWriter(reporter.writeThought);
  const writeHeading = (start: ActStart) => reporter.writeHeading(start, counts.total);

  const onEvent = (event: NarrativeEvent): void => {
    trackWait(event);
    const discardedChars = countDiscarded(event);
    if (event.type === 'narrative-start') counts.total = event.acts.length;
    else if (event.type === 'act-start') {
      if (headings === 'at-start') writeHeading(event);
    } else if (event.type === 'narrative-end') {
      if (counts.total > (verbosity === 'verbose' ? 0 : 1))
        reporter.report(eventLines.formatNarrativeEnd(event, counts));
    } else if (event.type !== 'act-delta' && event.type !== 'act-thought') {
      if (event.type === 'act-end') counts.completed += 1;
      if (event.type === 'act-end' && event.reused) counts.reused += 1;
      reportActEvent(event, reporter, { ...options, isFirstGuessedLimit, discardedChars });
    }
  };
  const onDetail = (actDetail: ActDetail) => {
    if (actDetail.type === 'act-prompt' && options.showsPrompts) reporter.writePrompt(actDetail);
  };
  return { onEvent, onDetail, writeThoughts, writeHeading, warn: reporter.warn };
}

function reportActEvent(
  event: Exclude<
    NarrativeEvent,
    { type: 'narrative-start' | 'narrative-end' | 'act-start' | 'act-delta' | 'act-thought' }
  >,
  { report, warn }: ReturnType<typeof createReporter>,
  options: ProgressOptions & { isFirstGuessedLimit: () => boolean; discardedChars: number | undefined },
): void {
  const { verbosity, hasSpinner = false, replays, discardedChars } = options;
  const verbose = verbosity === 'verbose';
  const act = eventLines.formatActName(event);
  switch (event.type) {
    case 'act-retry':
      report(`${act}: ${eventLines.formatRetry(event)}`);
      if (event.discard) warn(`${act}: ${eventLines.formatDiscard(discardedChars)}`);
      break;
    case 'act-wait':
      // The line about the failed attempt has already shown its backoff.
      if (verbose || (!hasSpinner && event.reason !== 'backoff' && event.waitMs >= eventLines.minReportedWaitMs))
        report(`${act}: waiting ${eventLines.formatWait(event)}`);
      reportGuess(event, report, options);
      break;
    case 'act-fallback':
      warn(`boticelli: ${act}: ${eventLines.formatFallback(event)}`);
      break;
    case 'act-note':
      if (event.warning) warn(`boticelli: warning: ${act}: ${event.message}`);
      else if (verbose || !hasSpinner || !isFileTransfer(event)) report(`${act}: ${event.message}`);
      break;
    case 'act-end': {
      // A wait that only the spinner showed left no line, so the line of the ended act says how long the act waited.
      report(`${act}: ${eventLines.formatActEnd(event, { verbose, replays, showsWaits: hasSpinner && !verbose })}`);
      for (const line of eventLines.formatMedia(event)) report(`${act}: ${line}`);
      if (verbose) for (const line of formatToolUse(event)) report(`${act}: ${line}`);
      const warning = eventLines.formatFinishWarning(event);
      if (warning !== undefined) warn(`boticelli: warning: ${act}: ${warning}`);
    }
  }
}

/** Explains the first wait for a guessed limit, also if a spinner shows the wait itself. */
function reportGuess(
  wait: ActWait,
  report: (text: string) => void,
  { verbosity, isFirstGuessedLimit }: Pick<ProgressOptions, 'verbosity'> & { isFirstGuessedLimit: () => boolean },
): void {
  const guess = eventLines.formatGuess(wait);
  const isReported = verbosity === 'verbose' || wait.waitMs >= eventLines.minReportedWaitMs;
  if (guess !== undefined && isReported && isFirstGuessedLimit()) report(`${eventLines.formatActName(wait)}: ${guess}`);
}

/**
 * Creates a function that counts the UTF-16 units of each running act's text. For a retry that discards only the end of
 * the text, it returns the length of that end; for any other event, undefined.
 */
function createDiscardCounter(): (event: NarrativeEvent) => number | undefined {
  const getIndex = createActIndexer();
  const lengths = new Map<number, number>();
  return (event) => {
    if (!('act' in event)) return undefined;
    const index = getIndex(event);
    const length = lengths.get(index) ?? 0;
    if (event.type === 'act-delta') lengths.set(index, length + event.text.length);
    if (event.type === 'act-start' || event.type === 'act-end') lengths.delete(index);
    if (event.type !== 'act-retry' || !event.discard) return undefined;
    const { keepChars } = event;
    lengths.set(index, keepChars ?? 0);
    return keepChars === undefined ? undefined : length - keepChars;
  };
}

/** Creates the functions that write a line. */
function createReporter({ stderr, colors, verbosity, label }: ProgressOptions) {
  // If the line begins with the name of the program, the label follows it.
  const formatLine = (text: string) =>
    toPrintableLine(label === undefined ? text : text.replace(/^(boticelli: )?/, (prefix) => `${prefix}${label}: `));
  return {
    writeHeading(start: ActStart, actCount: number) {
      if (verbosity === 'quiet') return;
      const title = formatLine(`[${start.index + 1}/${actCount}] ${eventLines.formatActName(start)}`);
      const colorize = (text: string) =>
        colors.heading(text.slice(0, title.length)) + colors.dim(text.slice(title.length));
      stderr.writeLine(`${title} ${toPrintableLine(start.model)}`, colorize);
    },
    /** Writes the prompt as one block, so that lines of other narratives do not come in between. */
    writePrompt({ act, round, prompt }: ActPrompt) {
      const name = eventLines.formatActName({ act, ...(round !== undefined && { round }) });
      stderr.writeLine(formatPrompt(label === undefined ? name : `${label}: ${name}`, prompt), (text) =>
        colorizePrompt(text, colors),
      );
    },
    /** Writes a line of thoughts. `quiet` does not hide it, because thoughts come only if the user asked for them. */
    writeThought: (line: string) => stderr.writeLine(line === '' ? '' : formatLine(line), colors.dim),
    report(text: string) {
      if (verbosity !== 'quiet') stderr.writeLine(formatLine(text), colors.dim);
    },
    warn: (text: string) => stderr.writeLine(formatLine(text), colors.warning),
  };
}
