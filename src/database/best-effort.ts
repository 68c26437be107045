/** Does work that a run can do without. After a first failure nothing more is tried. */
export type BestEffort = <Result>(work: () => Result | Promise<Result>) => Promise<Result | undefined>;

/**
 * @param onFailure called once, with what was thrown
 * @returns what does the work: resolves to its result, or to undefined where that failed. Never rejects
 */
export function createBestEffort(onFailure: (thrown: unknown) => void): BestEffort {
  let failed = false;
  return async (work) => {
    if (failed) return undefined;
    try {
      return await work();
    } catch (thrown) {
      if (!failed) onFailure(thrown);
      failed = true;
      return undefined;
    }
  };
}
