import type { Writable } from 'node:stream';

/** What is written to, and told once if writing fails. */
export interface Output {
  write(text: string): void;
  /** Resolves when all that was written has left the process, or writing has failed. Never rejects. */
  flush(): Promise<void>;
  /** True where a person reads it directly. */
  readonly isTerminal: boolean;
}

export interface OutputOptions {
  stream: Writable & { isTTY?: boolean };
  /** Called once, with the system's error: EPIPE where the reader has gone, ENOSPC on a full disk. */
  onFailure: (error: NodeJS.ErrnoException) => void;
}

/** An output on a stream. After a failure what is written is dropped. */
export function createOutput({ stream, onFailure }: OutputOptions): Output {
  let failed = false;
  // A listener of our own for each would be too many for Node's taste where a dozen narratives wait at once.
  const pendingFlushes = new Set<() => void>();
  const fail = (error: NodeJS.ErrnoException) => {
    if (!failed) onFailure(error);
    failed = true;
    for (const settle of pendingFlushes) settle();
  };
  stream.on('error', fail);
  return {
    isTerminal: stream.isTTY ?? false,
    write(text) {
      if (!failed && text !== '') stream.write(text);
    },
    flush: () =>
      new Promise((resolve) => {
        if (failed) return resolve();
        const settle = () => {
          pendingFlushes.delete(settle);
          resolve();
        };
        pendingFlushes.add(settle);
        // A file takes what is written at once, but tells of a full disk only in the next turn.
        stream.write('', () => setImmediate(settle));
      }),
  };
}
