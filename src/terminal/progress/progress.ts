import type {
  ActEnd,
  ActFallback,
  ActNote,
  ActRetry,
  ActStart,
  ActWait,
  NarrativeEvent,
} from '../../executor/event.js';
import type { Paint } from '../text/colors.js';
import { printableLine } from '../text/printable.js';
import * as words from './event-lines.js';
import type { Lines } from './lines.js';
import { createUnderWay, isAboutFile } from './wait-status.js';

/** Tells on standard error what happens in a narrative. */
export interface Progress {
  onEvent(event: NarrativeEvent): void;
  /** The heading of an act, where it is not to be told before its reply is: see `headings`. */
  heading(start: ActStart): void;
  /** Says something that even `quiet` does not hide. */
  warn(text: string): void;
}

export interface ProgressOptions {
  lines: Lines;
  paint: Paint;
  /** `quiet` tells warnings alone, `verbose` every attempt and wait. */
  detail: 'quiet' | 'normal' | 'verbose';
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether a spinner counts waits down: then no line need tell of them before they are over. */
  countsDown?: boolean;
  /** Which narrative it is, where several run at once: begins every line. */
  label?: string;
  /** Whether an act's heading is told when it begins, or by who writes its reply, just before that. */
  headings?: 'at-start' | 'with-reply';
}

/** A line per happening, and what is under way for the spinner between them. */
export function createProgress(options: ProgressOptions): Progress {
  const { detail, headings = 'at-start', countsDown = false } = options;
  const teller = createTeller(options);
  const underWay = detail === 'quiet' ? () => {} : createUnderWay(options);
  const verbose = detail === 'verbose';
  const counts: words.ActCounts = { ended: 0, reused: 0, planned: 0 };
  const heading = (start: ActStart) => teller.heading(start, counts.planned);

  const onEvent = (event: NarrativeEvent): void => {
    underWay(event);
    if (event.type === 'narrative-start') counts.planned = event.acts.length;
    else if (event.type === 'act-start') {
      if (headings === 'at-start') heading(event);
    } else if (event.type === 'act-end') {
      counts.ended += 1;
      if (event.reused) counts.reused += 1;
      tellEnd(event, { ...teller, verbose, tellsWaits: countsDown && !verbose });
    } else if (event.type === 'narrative-end') {
      if (counts.planned > (verbose ? 0 : 1)) teller.tell(words.narrativeEndLine(event, counts));
    } else if (event.type !== 'act-delta') tellHappening(event, { ...teller, verbose, countsDown });
  };
  return { onEvent, heading, warn: teller.warn };
}

type Telling = Pick<ReturnType<typeof createTeller>, 'tell' | 'warn'> & { verbose: boolean };

function tellHappening(
  event: ActRetry | ActWait | ActFallback | ActNote,
  { tell, warn, verbose, countsDown }: Telling & { countsDown: boolean },
): void {
  const tellsWaits = verbose || !countsDown;
  const act = words.actName(event);
  switch (event.type) {
    case 'act-retry':
      tell(`${act}: ${words.retryLine(event)}`);
      if (event.discard) warn(`${act}: ${words.discardLine}`);
      break;
    case 'act-wait':
      // The pause before another attempt is in that attempt's line.
      if (verbose || (!countsDown && event.reason !== 'backoff' && event.waitMs >= words.shortWaitMs)) {
        tell(`${act}: waiting, ${words.waitLine(event)}`);
      }
      break;
    case 'act-fallback':
      warn(`boticelli: ${act}: ${words.fallbackLine(event)}`);
      break;
    case 'act-note':
      if (tellsWaits || !isAboutFile(event)) tell(`${act}: ${event.message}`);
  }
}

function tellEnd(end: ActEnd, { tell, warn, verbose, tellsWaits }: Telling & { tellsWaits: boolean }): void {
  const act = words.actName(end);
  tell(`${act}: ${words.actEndLine(end, { verbose, tellsWaits })}`);
  const warning = words.finishWarning(end);
  if (warning !== undefined) warn(`boticelli: warning: ${act}: ${warning}`);
}

/** The ways of saying something in a line of its own. */
function createTeller({ lines, paint, detail, label }: ProgressOptions) {
  const own = 'boticelli: ';
  const line = (text: string) => {
    if (label === undefined) return printableLine(text);
    return printableLine(text.startsWith(own) ? `${own}${label}: ${text.slice(own.length)}` : `${label}: ${text}`);
  };
  return {
    heading(start: ActStart, actCount: number) {
      if (detail === 'quiet') return;
      const { index, model } = start;
      const title = line(`[${index + 1}/${actCount}] ${words.actName(start)}`);
      const painted = (text: string) =>
        paint.heading(text.slice(0, title.length)) + paint.dim(text.slice(title.length));
      lines.say(`${title} ${printableLine(model)}`, painted);
    },
    tell(text: string) {
      if (detail !== 'quiet') lines.say(line(text), paint.dim);
    },
    warn: (text: string) => lines.say(line(text), paint.warning),
  };
}
