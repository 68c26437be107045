/** Messages that wait to be read, in their order. */
export interface MessageQueue<Message> {
  push(message: Message): void;
  /** Throws away what nobody has read. */
  clear(): void;
  /** The next message; undefined when there is none left and none will come. */
  next(): Promise<Message | undefined>;
  /** Tells that no more will come. */
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
