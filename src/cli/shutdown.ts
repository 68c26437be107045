import { Interrupted } from '../errors.js';
import { toOutputError } from './output-error.js';
import type { CliProcess } from './process.js';

/** What can end a run from outside, as one AbortSignal that goes all the way down. */
export interface Shutdown {
  signal: AbortSignal;
  /** Ends the run because standard output can't be written. */
  abortOnOutputError(error: NodeJS.ErrnoException): void;
  /** Stops listening: from here on a signal kills the process as it would any other. */
  stopListening(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * How long a good order may take. It may never come: a reader of standard output that stands still keeps the last words
 * from leaving.
 */
const gracePeriodMs = 3000;

/** Listens for SIGINT, SIGTERM and SIGHUP. The first one ends the run in good order, the next one at once. */
export function listenForShutdown(proc: CliProcess): Shutdown {
  const controller = new AbortController();
  const listeners = signals.map((name) => [name, () => handleSignal(name)] as const);
  let graceTimer: NodeJS.Timeout | undefined;
  const stopListening = () => {
    clearTimeout(graceTimer);
    for (const [name, listener] of listeners) proc.off(name, listener);
  };
  const handleSignal = (signal: (typeof signals)[number]) => {
    // The listeners stay until then: signal-exit, which ora brings along, kills the process where it is alone.
    if (controller.signal.aborted) killBySignal(signal, proc);
    graceTimer = setTimeout(() => killBySignal(signal, proc), gracePeriodMs);
    controller.abort(new Interrupted(signal));
  };
  for (const [name, listener] of listeners) proc.on(name, listener);
  return {
    signal: controller.signal,
    abortOnOutputError: (error) => controller.abort(toOutputError(error)),
    stopListening,
  };
}

/** Ends the process as the signal would have, had nobody listened: only then does a shell loop stop too. */
export function killBySignal(signal: NodeJS.Signals, proc: CliProcess): void {
  proc.removeAllListeners(signal);
  proc.kill(proc.pid, signal);
}
