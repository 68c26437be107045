/** Messages that wait to be read, in their order. */
export interface Inbox<Message> {
  put(message: Message): void;
  /** Throws away what nobody has read. */
  clear(): void;
  /** The next message; undefined when there is none left and none will come. */
  next(): Promise<Message | undefined>;
  /** Tells that no more will come. */
  end(): void;
}

export function createInbox<Message>(): Inbox<Message> {
  let unread: Message[] = [];
  let ended = false;
  let waiting: (() => void) | undefined;
  const wake = () => {
    waiting?.();
    waiting = undefined;
  };
  return {
    put(message) {
      unread.push(message);
      wake();
    },
    clear() {
      unread = [];
    },
    async next() {
      while (unread.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
      return unread.shift();
    },
    end() {
      ended = true;
      wake();
    },
  };
}
