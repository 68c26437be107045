import { BoticelliError, Interrupted } from '../errors.js';
import { createOutput, type Output } from '../terminal/output.js';
import { stringifyJson } from '../terminal/replies/json.js';
import { type Colors, createColors } from '../terminal/text/colors.js';
import { describeWriteError } from '../util/write-files.js';
import type { CliProcess } from './process.js';
import { listenForShutdown, type Shutdown } from './shutdown.js';

/**
 * Runs a short command that writes to standard output. Installs no signal handlers, so a signal kills the process.
 *
 * @throws BoticelliError `output_failed` if standard output can't be written, `interrupted` if the reading process
 *   has closed the pipe
 */
export async function withOutput(proc: CliProcess, work: (output: Output) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  await writeOutput(proc, { signal: controller.signal, abort: (reason) => controller.abort(reason) }, work);
}

/**
 * Runs a command that may take a long time and writes to standard output. SIGINT, SIGTERM, SIGHUP or a failed write to
 * standard output aborts the `AbortSignal` passed to the command. The command then fails with the reason of that abort.
 *
 * @throws BoticelliError the same errors as `withOutput`, and `interrupted` after SIGINT, SIGTERM or SIGHUP
 */
export async function withAbortableOutput(
  proc: CliProcess,
  work: (output: Output, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const shutdown = listenForShutdown(proc);
  try {
    await writeOutput(proc, shutdown, work);
  } finally {
    shutdown.stopListening();
  }
}

async function writeOutput(
  { stdout }: CliProcess,
  { signal, abort }: Pick<Shutdown, 'signal' | 'abort'>,
  work: (output: Output, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const output = createOutput({ stream: stdout, onFailure: (error) => abort(toStdoutError(error)) });
  try {
    await work(output, signal);
  } finally {
    await output.flush();
    // If the signal was aborted, its reason replaces any error that the command threw.
    signal.throwIfAborted();
  }
}

/**
 * Converts an error from standard output. A closed pipe counts as an interruption by SIGPIPE, which is not reported.
 */
export function toStdoutError(error: NodeJS.ErrnoException): BoticelliError {
  if (error.code === 'EPIPE') return new Interrupted('SIGPIPE');
  return new BoticelliError('output_failed', `can't write to standard output: ${describeWriteError(error)}`, {
    hint: 'Free some space or redirect the output, then run the command again.',
    cause: error,
  });
}

/** The result of a command, as JSON and as text. */
interface ReportContent {
  createDocument: () => unknown;
  renderLines: () => readonly string[] | Promise<readonly string[]>;
}

/** Writes the result of a command in the format of `--format`. */
export async function writeReport(
  format: 'text' | 'json',
  output: Output,
  { createDocument, renderLines }: ReportContent,
): Promise<void> {
  output.write(format === 'json' ? `${stringifyJson(createDocument(), 2)}\n` : `${(await renderLines()).join('\n')}\n`);
}

/** Returns the colours of standard output and, if it is a terminal, its width. */
export async function getStdoutStyle({ stdout }: CliProcess): Promise<{ colors: Colors; columns?: number }> {
  const colors = await createColors(stdout);
  return stdout.isTTY && stdout.columns ? { colors, columns: stdout.columns } : { colors };
}
