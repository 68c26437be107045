/** Runs work that the program can do without. After the first failure no further work is tried. */
export type BestEffort = <Result>(work: () => Result | Promise<Result>) => Promise<Result | undefined>;

/**
 * Creates a function that runs optional work and never rejects: it resolves to the result, or to undefined on failure.
 *
 * @param onFailure called once, with the error of the first failure
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
