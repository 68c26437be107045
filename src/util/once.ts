/** Returns a function that runs `work` only at the first call, and returns that first result for every call. */
export function once<Args extends unknown[], Result>(work: (...args: Args) => Result): (...args: Args) => Result {
  let cached: { result: Result } | undefined;
  return (...args) => {
    cached ??= { result: work(...args) };
    return cached.result;
  };
}
