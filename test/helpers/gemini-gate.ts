/** Lets a test decide when the next event of a scripted reply is sent. */
export interface Gate {
  /** Lets `count` more events through (1 unless told). */
  release(count?: number): void;
  /** Lets everything through from now on. */
  releaseAll(): void;
  /** What the server waits for before each event. */
  wait(): Promise<void>;
}

/** A closed gate: `server.reply(text(['a', 'b'], { gate }))` sends `a` after the first `gate.next()`. */
export function createGate(): Gate {
  let allowed = 0;
  const waiting: (() => void)[] = [];
  const releaseWaiting = () => {
    while (allowed > 0 && waiting.length > 0) {
      allowed -= 1;
      waiting.shift()?.();
    }
  };
  return {
    release(count = 1) {
      allowed += count;
      releaseWaiting();
    },
    releaseAll() {
      allowed = Number.POSITIVE_INFINITY;
      releaseWaiting();
    },
    wait() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        releaseWaiting();
      });
    },
  };
}
