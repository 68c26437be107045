import type { Readable, Writable } from 'node:stream';

/** A terminal, a file or a pipe to write to. */
export type ProcessStream = Writable & { isTTY?: boolean; columns?: number; hasColors?: () => boolean };

/** The part of `process` that commands use, so that tests can call them with another. */
export interface CliProcess {
  stdin: Readable & { isTTY?: boolean; fd?: number };
  stdout: ProcessStream;
  stderr: ProcessStream;
  env: Record<string, string | undefined>;
  /** The command line: Node, the program, and what follows. */
  argv: readonly string[];
  cwd(): string;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  /** Before the stack of a crash is printed. */
  on(event: 'uncaughtExceptionMonitor', listener: () => void): unknown;
  off(event: NodeJS.Signals | 'uncaughtExceptionMonitor', listener: () => void): unknown;
  removeAllListeners(signal: NodeJS.Signals): unknown;
  pid: number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}
