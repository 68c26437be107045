import type { Readable, Writable } from 'node:stream';

/** A terminal, file or pipe to write to. */
type ProcessStream = Writable & { isTTY?: boolean; columns?: number; hasColors?: () => boolean };

/** The part of `process` that commands use. Tests pass their own. */
export interface CliProcess {
  stdin: Readable & { isTTY?: boolean; fd?: number };
  stdout: ProcessStream;
  stderr: ProcessStream;
  env: Record<string, string | undefined>;
  /** The path of Node, the path of the program, and the arguments. */
  argv: readonly string[];
  cwd(): string;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  /** Node emits this event before it prints the stack of an uncaught exception. */
  on(event: 'uncaughtExceptionMonitor', listener: () => void): unknown;
  off(event: NodeJS.Signals | 'uncaughtExceptionMonitor', listener: () => void): unknown;
  removeAllListeners(signal: NodeJS.Signals): unknown;
  pid: number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}
