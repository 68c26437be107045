/** Lets callers wait until a state, which other code changes, meets a condition. */
export interface Condition {
  /** To be called after each change of that state. */
  notify(): void;
  /** Resolves as soon as `isMet` returns true. `isMet` is called now and after each `notify`. */
  waitUntil(isMet: () => boolean): Promise<void>;
}

export function createCondition(): Condition {
  const checks = new Set<() => void>();
  return {
    notify() {
      for (const check of checks) check();
    },
    waitUntil: (isMet) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isMet()) return;
          checks.delete(check);
          resolve();
        };
        checks.add(check);
        check();
      }),
  };
}
