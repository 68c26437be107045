import { BoticelliError, type EndingSignal, Interrupted } from '../errors.js';
import type { Host } from './host.js';

/** What can end a run from outside, as one AbortSignal that goes all the way down. */
export interface Ending {
  signal: AbortSignal;
  /** Ends the run because standard output can't be written. */
  outputFailed(error: NodeJS.ErrnoException): void;
  /** Stops listening: from here on a signal kills the process as it would any other. */
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for SIGINT, SIGTERM and SIGHUP. The first one ends the run, the next one is left to the system. */
export function endingOf(host: Host): Ending {
  const controller = new AbortController();
  const listeners = signals.map((name) => [name, () => end(name)] as const);
  const release = () => {
    for (const [name, listener] of listeners) host.off(name, listener);
  };
  const end = (signal: EndingSignal) => {
    release();
    controller.abort(new Interrupted(signal));
  };
  for (const [name, listener] of listeners) host.on(name, listener);
  return {
    signal: controller.signal,
    outputFailed: (error) => controller.abort(failureOfOutput(error)),
    release,
  };
}

/** A reader that went away ends a run quietly, as it does every filter; anything else is a failure to be told. */
function failureOfOutput(error: NodeJS.ErrnoException): BoticelliError {
  if (error.code === 'EPIPE') return new Interrupted('SIGPIPE');
  const why = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
  return new BoticelliError('output_failed', `can't write to standard output: ${why}`, {
    hint: 'Make room, or send the output elsewhere, and run it again.',
    cause: error,
  });
}
