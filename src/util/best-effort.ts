/**
 * Creates a function that runs optional work and never rejects. It resolves to the result of the work, or to undefined
 * if the work fails. After the first failure, it does not run any more work.
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
