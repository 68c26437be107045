import { Interrupted } from '../errors.js';
import { failureOfOutput } from './output-error.js';
import type { Host } from './process.js';

/** What can end a run from outside, as one AbortSignal that goes all the way down. */
export interface Ending {
  signal: AbortSignal;
  /** Ends the run because standard output can't be written. */
  outputFailed(error: NodeJS.ErrnoException): void;
  /** Stops listening: from here on a signal kills the process as it would any other. */
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * How long a good order may take. It may never come: a reader of standard output that stands still keeps the last words
 * from leaving.
 */
const goodOrderMs = 3000;

/** Listens for SIGINT, SIGTERM and SIGHUP. The first one ends the run in good order, the next one at once. */
export function endingOf(host: Host): Ending {
  const controller = new AbortController();
  const listeners = signals.map((name) => [name, () => end(name)] as const);
  let lastMoment: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(lastMoment);
    for (const [name, listener] of listeners) host.off(name, listener);
  };
  const end = (signal: (typeof signals)[number]) => {
    // The listeners stay until then: signal-exit, which ora brings along, kills the process where it is alone.
    if (controller.signal.aborted) dieOf(signal, host);
    lastMoment = setTimeout(() => dieOf(signal, host), goodOrderMs);
    controller.abort(new Interrupted(signal));
  };
  for (const [name, listener] of listeners) host.on(name, listener);
  return {
    signal: controller.signal,
    outputFailed: (error) => controller.abort(failureOfOutput(error)),
    release,
  };
}

/** Ends the process as the signal would have, had nobody listened: only then does a shell loop stop too. */
export function dieOf(signal: NodeJS.Signals, host: Host): void {
  host.removeAllListeners(signal);
  host.kill(host.pid, signal);
}
