/** Starts tasks in order, with two limits. Rows use it, and any other independent work may. */
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
  /** How many tasks may start after the oldest unfinished one, so that little has to be held back until it finishes. */
  maxAhead: number;
}

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
