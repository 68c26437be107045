/**
 * Starts tasks in order, with two limits. The rows of a run are such tasks. Only one call of `waitForSlot` or `drain`
 * may wait at a time.
 */
export interface Scheduler {
  /** Resolves when another task may start. */
  waitForSlot(): Promise<void>;
  /** Starts a task. Call it after `waitForSlot`. A task must not reject. */
  start(task: () => Promise<void>): void;
  /** Resolves when all started tasks have finished. */
  drain(): Promise<void>;
}

interface SchedulerOptions {
  /** The maximum number of tasks that run at the same time. */
  maxConcurrent: number;
  /**
   * The maximum number of tasks from the oldest unfinished one to the newest started one, finished or not. Results are
   * shown in the order of the tasks, so this limits how many finished results wait for the oldest unfinished task.
   */
  maxAhead: number;
}

/** Creates a scheduler without tasks. */
export function createScheduler({ maxConcurrent, maxAhead }: SchedulerOptions): Scheduler {
  /** The positions of running tasks. The first one is the oldest, because a Set keeps the order of insertion. */
  const running = new Set<number>();
  let started = 0;
  let onChange = () => {};
  const waitUntil = async (condition: () => boolean) => {
    while (!condition())
      await new Promise<void>((resolve) => {
        onChange = resolve;
      });
  };
  return {
    waitForSlot: () =>
      waitUntil(() => {
        const [oldest = started] = running;
        return running.size < maxConcurrent && started - oldest < maxAhead;
      }),
    start(task) {
      const position = started;
      started += 1;
      running.add(position);
      task().finally(() => {
        running.delete(position);
        onChange();
      });
    },
    drain: () => waitUntil(() => running.size === 0),
  };
}

/** Limits how many calls run at the same time, over all acts, narratives and rows that share it. */
export interface CallLimiter {
  /**
   * Runs a task once a concurrency slot is free: first come, first served. A task must not wait for another task of
   * the limiter, because the other task may never get a slot.
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Creates a limiter. @param maxConcurrent the maximum number of tasks that run at the same time */
export function createCallLimiter(maxConcurrent: number): CallLimiter {
  let free = maxConcurrent;
  const waiting: (() => void)[] = [];
  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        // The slot passes to the next task, so that no task that comes later can take it.
        const startNext = waiting.shift();
        if (startNext) startNext();
        else free += 1;
      }
    },
  };
}
