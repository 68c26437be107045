import { type BoticelliError, Interrupted } from '../errors.js';
import type { CliProcess } from './process.js';

/** One AbortSignal for everything that can end a command from outside: signals, and a failure of standard output. */
export interface Shutdown {
  signal: AbortSignal;
  /** Ends the command for the given reason, for example because standard output failed. */
  abort(reason: BoticelliError): void;
  /** Removes the handlers. After that, SIGINT, SIGTERM and SIGHUP kill the process. */
  stopListening(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The time limit of an orderly shutdown. Without a limit, a stalled reader of standard output could block the last
 * write forever.
 */
const gracePeriodMs = 3000;

/**
 * Handles SIGINT, SIGTERM and SIGHUP. The first of these signals aborts the `AbortSignal`, and starts the grace period.
 * The end of the grace period kills the process. So does any of these signals if the `AbortSignal` is already aborted.
 */
export function listenForShutdown(proc: CliProcess): Shutdown {
  const controller = new AbortController();
  const listeners = signals.map((name) => [name, () => handleSignal(name)] as const);
  let graceTimer: NodeJS.Timeout | undefined;
  const stopListening = () => {
    clearTimeout(graceTimer);
    for (const [name, listener] of listeners) proc.off(name, listener);
  };
  const handleSignal = (signal: (typeof signals)[number]) => {
    // The listeners stay until the second signal, because signal-exit (a dependency of ora) kills the process if its
    // own listener is the only one.
    if (controller.signal.aborted) killBySignal(signal, proc);
    graceTimer = setTimeout(() => killBySignal(signal, proc), gracePeriodMs);
    controller.abort(new Interrupted(signal));
  };
  for (const [name, listener] of listeners) proc.on(name, listener);
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), stopListening };
}

/**
 * Removes all handlers of the signal, and kills the process with it. An exit code would not do: a shell loop goes on
 * unless a signal killed its command.
 */
export function killBySignal(signal: NodeJS.Signals, proc: CliProcess): void {
  proc.removeAllListeners(signal);
  proc.kill(proc.pid, signal);
}
