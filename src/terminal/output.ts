import type { Writable } from 'node:stream';

/** A stream to write to. Only its first failure is reported. */
export interface Output {
  write(text: string): void;
  /** Resolves when all text has been written, or when a write has failed. Never rejects. */
  flush(): Promise<void>;
  /** Whether the output is a terminal. */
  readonly isTerminal: boolean;
}

/** The options of `createOutput`. */
export interface OutputOptions {
  stream: Writable & { isTTY?: boolean };
  /** Called at the first failure, with the system's error: EPIPE if the reader has closed the pipe, ENOSPC on a full disk. */
  onFailure: (error: NodeJS.ErrnoException) => void;
}

/** Creates an output for a stream. After a failure, writes are ignored. */
export function createOutput({ stream, onFailure }: OutputOptions): Output {
  let failed = false;
  // All flushes share one `error` listener. With one for each flush, a dozen narratives would cause a warning from Node.
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
        // A file stream completes writes at once, but emits the error of a full disk only in the event loop's next
        // turn. The flush waits for that turn, so that it does not end before the failure is known.
        stream.write('', () => setImmediate(settle));
      }),
  };
}
