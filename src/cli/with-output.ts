import { asBoticelliError } from '../errors.js';
import { createOutput, type Output } from '../terminal/output.js';
import type { Failure } from './failure.js';
import { failureOfOutput } from './output-error.js';
import type { Host } from './process.js';
import { type Ending, endingOf } from './shutdown.js';

/** Does what writes to standard output and is soon over: a signal may simply kill it. Hands back how writing failed, if it did. */
export async function writing(host: Host, work: (output: Output) => Promise<void>): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  const onFailure = (error: NodeJS.ErrnoException) => {
    failure = { error: failureOfOutput(error) };
  };
  const output = createOutput({ stream: host.stdout, onFailure });
  try {
    await work(output);
  } finally {
    await output.flushed();
  }
  return failure;
}

/**
 * Does what may take long and writes to standard output. Signals, and an output that can't be written, abort its signal; that
 * is how it failed then, whatever it hands back.
 */
export async function writingUntilEnded(
  host: Host,
  work: (output: Output, signal: Ending['signal']) => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  const { signal, outputFailed, release } = endingOf(host);
  try {
    const output = createOutput({ stream: host.stdout, onFailure: outputFailed });
    const failure = await work(output, signal).finally(output.flushed);
    return signal.aborted ? { error: asBoticelliError(signal.reason) } : failure;
  } finally {
    release();
  }
}
