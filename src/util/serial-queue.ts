/** Runs asynchronous tasks one at a time, in the order in which they were added. */
export interface SerialQueue {
  /**
   * Adds a task. If the queue is idle, the task starts before this call returns. The returned promise settles as the
   * task does. A rejection that no caller handles is ignored.
   */
  enqueue<Result>(task: () => Promise<Result>): Promise<Result>;
  /** Resolves when all tasks added so far have settled. */
  drain(): Promise<void>;
}

/** Creates an empty queue. A task that rejects does not stop the tasks behind it. */
export function createSerialQueue(): SerialQueue {
  let pendingCount = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    enqueue(task) {
      const isIdle = pendingCount === 0;
      pendingCount += 1;
      const start = async () => task();
      const result = isIdle ? start() : last.then(start);
      const onSettled = () => {
        pendingCount -= 1;
      };
      last = result.then(onSettled, onSettled);
      return result;
    },
    drain: () => last,
  };
}
