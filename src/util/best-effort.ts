/**
 * Creates a function that runs optional work and never rejects: it resolves to the result, or to undefined on
 * failure. After the first failure no further work is tried.
 *
 * @param onFailure called once, with the error of the first failure
 */
export function createBestEffort(onFailure: (thrown: unknown) => void) {
  let failed = false;
  return async <Result>(work: () => Result | Promise<Result>): Promise<Result | undefined> => {
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
