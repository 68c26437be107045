/** A queue of received messages with one reader. */
export interface MessageQueue<Message> {
  push(message: Message): void;
  /** Drops the unread messages. */
  clear(): void;
  /** Resolves to the next message, or to undefined once the queue is closed and empty. */
  next(): Promise<Message | undefined>;
  /** No message follows. */
  close(): void;
}

export function createMessageQueue<Message>(): MessageQueue<Message> {
  let pending: Message[] = [];
  let isClosed = false;
  let wakeReader: (() => void) | undefined;
  const wake = () => {
    wakeReader?.();
    wakeReader = undefined;
  };
  return {
    push(message) {
      pending.push(message);
      wake();
    },
    clear() {
      pending = [];
    },
    async next() {
      while (pending.length === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
      return pending.shift();
    },
    close() {
      isClosed = true;
      wake();
    },
  };
}
