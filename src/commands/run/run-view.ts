import type { Host } from '../../cli/process.js';
import type { Ending } from '../../cli/shutdown.js';
import { spinnerOn } from '../../cli/spinner-on.js';
import { Interrupted } from '../../errors.js';
import type { RunReport } from '../../executor/event.js';
import { errorLines } from '../../terminal/diagnostics/error-lines.js';
import { createOutput, type Output } from '../../terminal/output.js';
import { createLines, type Lines } from '../../terminal/progress/lines.js';
import { type EndedRun, summaryLines } from '../../terminal/progress/summary.js';
import { type Paint, paintFor } from '../../terminal/text/colors.js';
import { openScreenPart, type ScreenPart } from './narrative-view.js';
import { repliesOfAll } from './reply-outputs.js';
import type { RunOptions } from './run.js';

/** Where narratives show themselves: replies on standard output, progress on standard error, files of `--out-dir`. */
export interface Screen {
  /** The colours of standard error. */
  paint: Paint;
  /** The part of one narrative, by where it stands among those given. To be asked for once each. */
  partOf(at: number): ScreenPart;
  /** Tells how one of several failed, unless the same was told of another, or all were ended: who called tells that. */
  tellFailure(at: number, report: RunReport): void;
  /** Tells what became of all, where there are several. */
  summarize(ended: readonly RunReport[]): void;
  /** Leaves nothing behind on the screen. */
  close(): void;
}

export interface ScreenOptions {
  /** What the narratives are called. */
  names: readonly string[];
  options: RunOptions;
  host: Host;
  ending: Ending;
}

/** Opens the screen that the flags ask for. */
export async function openScreen({ names, options, host, ending }: ScreenOptions): Promise<Screen> {
  const stdout = createOutput({ stream: host.stdout, onFailure: ending.outputFailed });
  const paint = await paintFor(host.stderr);
  const { lines, countsDown } = await openLines({ options, host, stdout });
  // However it ends: Ctrl-C, and a bug that ends the process at once.
  ending.signal.addEventListener('abort', lines.leaveNothing);
  host.on('uncaughtExceptionMonitor', lines.leaveNothing);
  const replies = repliesOfAll({ options, output: lines.besides(stdout), count: names.length });
  const isPipeClosed = () => ending.signal.reason instanceof Interrupted && ending.signal.reason.signal === 'SIGPIPE';
  const told = new Set<string>();
  return {
    paint,
    partOf: (at) => openScreenPart({ at, names, options, lines, paint, stdout, replies, countsDown, isPipeClosed }),
    tellFailure(at, { error }) {
      if (names.length === 1 || !error || ending.signal.aborted) return;
      const key = `${error.act} ${error.message}`;
      const act = [names[at], error.act].filter((name) => name !== undefined).join(': ');
      if (!told.has(key)) lines.say(errorLines({ ...error, act }, paint, columnsOf(host)).trimEnd());
      told.add(key);
    },
    summarize(reports) {
      if (names.length === 1 || options.quiet || isPipeClosed()) return;
      const ended = reports.map((report, at): EndedRun => ({ name: names[at] ?? '', report }));
      for (const line of summaryLines(ended, { paint, columns: columnsOf(host) })) lines.say(line);
    },
    close() {
      lines.leaveNothing();
      host.off('uncaughtExceptionMonitor', lines.leaveNothing);
    },
  };
}

async function openLines({ options, host, stdout }: { options: RunOptions; host: Host; stdout: Output }) {
  const output = createOutput({ stream: host.stderr, onFailure: () => {} });
  const spinner = options.quiet ? undefined : await spinnerOn(host);
  const sharesScreen = stdout.isTerminal && output.isTerminal;
  const lines: Lines = createLines({
    output,
    sharesScreen,
    columns: () => columnsOf(host),
    ...(spinner && { spinner }),
  });
  return { lines, countsDown: spinner !== undefined };
}

function columnsOf({ stderr }: Host): number | undefined {
  return stderr.isTTY ? stderr.columns : undefined;
}
