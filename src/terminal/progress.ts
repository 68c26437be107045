import type { ActEnd, ActStart, NarrativeEvent } from '../executor/event.js';
import * as lines from './event-lines.js';
import type { Output } from './output.js';
import type { Paint } from './paint.js';
import { printableLine } from './printable.js';
import type { Spinner } from './spinner.js';

/** Tells on standard error what happens. */
export interface Progress {
  /** To be called before anything is written to standard output. */
  makeRoom(): void;
  onEvent(event: NarrativeEvent): void;
  /** Says something that even `quiet` does not hide. */
  warn(text: string): void;
  /** Leaves nothing behind on the screen. */
  stop(): void;
}

export interface ProgressOptions {
  output: Output;
  paint: Paint;
  /** `quiet` tells warnings alone, `verbose` every attempt and wait. */
  detail: 'quiet' | 'normal' | 'verbose';
  /** Present on a terminal: shows that something is under way. */
  spinner?: Spinner;
  /** Whether replies appear on the same screen; if so the spinner gives way to them. */
  sharesScreen: boolean;
}

/** A line per happening, and a spinner between them where there is one. */
export function createProgress(options: ProgressOptions): Progress {
  const { detail, spinner, sharesScreen } = options;
  const { heading, tell, warn } = createTeller(options);
  const verbose = detail === 'verbose';
  let [actCount, actsEnded] = [0, 0];

  const onEvent = (event: NarrativeEvent): void => {
    switch (event.type) {
      case 'narrative-start':
        actCount = event.acts.length;
        break;
      case 'act-start':
        heading(event, actCount);
        spinner?.start(`${event.act}: waiting for ${event.model}`);
        break;
      case 'act-retry':
        tell(`${event.act}: ${lines.retryLine(event)}`);
        if (event.discard) warn(`${event.act}: ${lines.discardLine}`);
        break;
      case 'act-wait':
        if (verbose || event.reason !== 'backoff') tell(`${event.act}: waiting, ${lines.waitLine(event)}`);
        spinner?.start(`${event.act}: ${lines.waitLine(event)}`);
        break;
      case 'act-fallback':
        warn(`boticelli: ${event.act}: ${lines.fallbackLine(event)}`);
        spinner?.start(`${event.act}: waiting for ${event.to}`);
        break;
      case 'act-note':
        tell(`${event.act}: ${event.message}`);
        break;
      case 'act-end':
        actsEnded += 1;
        tellEnd(event);
        break;
      case 'narrative-end':
        if (actCount > (verbose ? 0 : 1)) tell(lines.narrativeEndLine(event, actsEnded));
        break;
    }
  };
  const tellEnd = (end: ActEnd) => {
    tell(`${end.act}: ${lines.actEndLine(end, { verbose })}`);
    const warning = lines.finishWarning(end);
    if (warning !== undefined) warn(`boticelli: warning: ${end.act}: ${warning}`);
  };
  return { makeRoom: () => sharesScreen && spinner?.stop(), onEvent, warn, stop: () => spinner?.stop() };
}

/** The ways of saying something in a line of its own. */
function createTeller({ output, paint, detail, spinner }: ProgressOptions) {
  const say = (text: string) => {
    spinner?.stop();
    output.write(`${text}\n`);
  };
  const unlessQuiet = (text: string) => {
    if (detail !== 'quiet') say(text);
  };
  return {
    heading: ({ act, index, model }: ActStart, actCount: number) =>
      unlessQuiet(
        `${paint.heading(printableLine(`[${index + 1}/${actCount}] ${act}`))} ${paint.dim(printableLine(model))}`,
      ),
    tell: (text: string) => unlessQuiet(paint.dim(printableLine(text))),
    warn: (text: string) => say(paint.warning(printableLine(text))),
  };
}
