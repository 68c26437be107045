import type { Output } from '../output.js';
import { wrapped } from '../text/wrap.js';
import type { Spinner, Status } from './spinner.js';

/** What is told on standard error, line by line, and a spinner below it; on a screen that replies may share. */
export interface Lines {
  /**
   * Tells something in a line of its own; once a reply's line is finished, where that is on the same screen.
   * @param paint colours it; with it, a line longer than the terminal is wide is broken between words before
   */
  say(line: string, paint?: (text: string) => string): void;
  /** Says what is under way for one of those who share the spinner; undefined: nothing any more. */
  underWay(who: object, status: (() => Status) | undefined): void;
  /** Whether replies appear on the same screen. */
  readonly areAmongReplies: boolean;
  /** The output for replies: the spinner gives way to what is written through it. */
  besides(replies: Output): Output;
  /** Takes the spinner off the screen for good. May be called at any time, and more than once. */
  leaveNothing(): void;
}

export interface LinesOptions {
  /** Standard error. */
  output: Output;
  /** Present on a terminal. */
  spinner?: Spinner;
  /** Whether replies appear on the same screen. */
  sharesScreen: boolean;
  /** The width of the terminal now, where it is one. */
  columns?: () => number | undefined;
}

export function createLines({ output, spinner, sharesScreen, columns = () => undefined }: LinesOptions): Lines {
  let kept: Parameters<Lines['say']>[] = [];
  let isMidLine = false;
  let isOver = false;
  const { underWay, settle } = createTasks({ spinner, mayShow: () => !isOver && !isMidLine });

  const write = (...[line, paint]: Parameters<Lines['say']>) => {
    const width = columns();
    if (!paint) output.write(`${line}\n`);
    else output.write(`${paint(width ? wrapped(line, width) : line)}\n`);
  };
  const besides = (replies: Output): Output => ({
    ...replies,
    write(text) {
      if (text === '') return;
      spinner?.stop();
      replies.write(text);
      isMidLine = !text.endsWith('\n');
      if (isMidLine) return;
      for (const each of kept) write(...each);
      kept = [];
      settle();
    },
  });
  return {
    say(line, paint) {
      if (isMidLine) kept.push([line, paint]);
      else write(line, paint);
    },
    underWay,
    areAmongReplies: sharesScreen,
    besides: (replies) => (sharesScreen ? besides(replies) : replies),
    leaveNothing() {
      isOver = true;
      spinner?.stop();
    },
  };
}

/** What is under way, and the spinner that says so. */
function createTasks({ spinner, mayShow }: { spinner: Spinner | undefined; mayShow: () => boolean }) {
  const tasks = new Map<object, () => Status>();
  let isSettling = false;
  /** In the next turn: where one thing ends and the next begins at once, nothing is to flicker in between. */
  const settle = () => {
    if (isSettling) return;
    isSettling = true;
    setImmediate(() => {
      isSettling = false;
      if (!mayShow()) return;
      if (tasks.size > 0) spinner?.start(() => joined([...tasks.values()].map((status) => status())));
      else spinner?.stop();
    });
  };
  const underWay: Lines['underWay'] = (who, status) => {
    if (status) tasks.set(who, status);
    else tasks.delete(who);
    settle();
  };
  return { underWay, settle };
}

/** Several things at once on one line: how many, then each. */
function joined(statuses: readonly Status[]): Status {
  const [first = { text: '' }, ...others] = statuses;
  if (others.length === 0) return first;
  const each = statuses.map(({ text, time }) => (time === undefined ? text : `${text} ${time}`));
  return { text: `${statuses.length} at once · ${each.join(' · ')}` };
}
