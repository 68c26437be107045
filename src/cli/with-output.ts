import { toBoticelliError } from '../errors.js';
import { createOutput, type Output } from '../terminal/output.js';
import type { Failure } from './failure.js';
import { toOutputError } from './output-error.js';
import type { CliProcess } from './process.js';
import { listenForShutdown, type Shutdown } from './shutdown.js';

/** Does what writes to standard output and is soon over: a signal may simply kill it. Hands back how writing failed, if it did. */
export async function withOutput(
  proc: CliProcess,
  work: (output: Output) => Promise<void>,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  const onFailure = (error: NodeJS.ErrnoException) => {
    failure = { error: toOutputError(error) };
  };
  const output = createOutput({ stream: proc.stdout, onFailure });
  try {
    await work(output);
  } finally {
    await output.flush();
  }
  return failure;
}

/**
 * Does what may take long and writes to standard output. Signals, and an output that can't be written, abort its signal; that
 * is how it failed then, whatever it hands back.
 */
export async function withAbortableOutput(
  proc: CliProcess,
  work: (output: Output, signal: Shutdown['signal']) => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  const { signal, abortOnOutputError, stopListening } = listenForShutdown(proc);
  try {
    const output = createOutput({ stream: proc.stdout, onFailure: abortOnOutputError });
    const failure = await work(output, signal).finally(output.flush);
    return signal.aborted ? { error: toBoticelliError(signal.reason) } : failure;
  } finally {
    stopListening();
  }
}
