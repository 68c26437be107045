import { toStdoutError } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import type { Shutdown } from '../../cli/shutdown.js';
import { createStderrSpinner } from '../../cli/stderr.js';
import { Interrupted } from '../../errors.js';
import { createOutput, type Output } from '../../terminal/output.js';
import { createStderrWriter, type StderrWriter } from '../../terminal/progress/stderr-writer.js';
import { type Colors, createColors } from '../../terminal/text/colors.js';
import type { RunOptions } from './options.js';

/** The two outputs of a command, which may share a terminal. */
export interface Screen {
  stdout: Output;
  stderrWriter: StderrWriter;
  /** The colours of standard error. */
  colors: Colors;
  /** Whether a spinner shows the remaining time of a wait. */
  hasSpinner: boolean;
  /** Whether the reader of standard output has closed it. */
  isPipeClosed(): boolean;
  /** Removes the spinner. */
  close(): void;
}

interface ScreenOptions {
  options: RunOptions;
  proc: CliProcess;
  shutdown: Shutdown;
}

/** Opens both outputs. The spinner stops at `close`, and also after a signal, a closed pipe or an uncaught exception. */
export async function openScreen({ options, proc, shutdown }: ScreenOptions): Promise<Screen> {
  const stdout = createOutput({ stream: proc.stdout, onFailure: (error) => shutdown.abort(toStdoutError(error)) });
  const colors = await createColors(proc.stderr);
  const stderr = createOutput({ stream: proc.stderr, onFailure: () => {} });
  const spinner = options.quiet ? undefined : await createStderrSpinner(proc);
  const stderrWriter = createStderrWriter({
    output: stderr,
    sharesScreen: stdout.isTerminal && stderr.isTerminal,
    columns: () => getColumns(proc),
    ...(spinner && { spinner }),
  });
  shutdown.signal.addEventListener('abort', stderrWriter.stopSpinner);
  proc.on('uncaughtExceptionMonitor', stderrWriter.stopSpinner);
  return {
    ...{ stdout, stderrWriter, colors, hasSpinner: spinner !== undefined },
    isPipeClosed() {
      const { reason } = shutdown.signal;
      return reason instanceof Interrupted && reason.signal === 'SIGPIPE';
    },
    close() {
      stderrWriter.stopSpinner();
      proc.off('uncaughtExceptionMonitor', stderrWriter.stopSpinner);
    },
  };
}

/** Returns the width of standard error; undefined if it is not a terminal. */
export function getColumns({ stderr }: CliProcess): number | undefined {
  return stderr.isTTY ? stderr.columns : undefined;
}
