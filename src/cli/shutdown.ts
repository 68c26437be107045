import { type BoticelliError, Interrupted } from '../errors.js';
import type { CliProcess } from './process.js';

/** Everything that ends a command from outside, as one AbortSignal. */
export interface Shutdown {
  signal: AbortSignal;
  /** Ends the command for a reason of the caller, such as a failing standard output. */
  abort(reason: BoticelliError): void;
  /** Removes the signal handlers: from here on, a signal kills the process. */
  stopListening(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How long an orderly shutdown may take. It could take forever: a stalled reader of standard output blocks the last write. */
const gracePeriodMs = 3000;

/** Handles SIGINT, SIGTERM and SIGHUP. The first signal aborts, the second one kills the process. */
export function listenForShutdown(proc: CliProcess): Shutdown {
  const controller = new AbortController();
  const listeners = signals.map((name) => [name, () => handleSignal(name)] as const);
  let graceTimer: NodeJS.Timeout | undefined;
  const stopListening = () => {
    clearTimeout(graceTimer);
    for (const [name, listener] of listeners) proc.off(name, listener);
  };
  const handleSignal = (signal: (typeof signals)[number]) => {
    // The listeners stay until the second signal: signal-exit, a dependency of ora, kills the process if its listener is the only one.
    if (controller.signal.aborted) killBySignal(signal, proc);
    graceTimer = setTimeout(() => killBySignal(signal, proc), gracePeriodMs);
    controller.abort(new Interrupted(signal));
  };
  for (const [name, listener] of listeners) proc.on(name, listener);
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), stopListening };
}

/** Kills the process with the signal, without handlers: a shell loop stops only if its command died of the signal. */
export function killBySignal(signal: NodeJS.Signals, proc: CliProcess): void {
  proc.removeAllListeners(signal);
  proc.kill(proc.pid, signal);
}
