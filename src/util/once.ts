/** Calls the function at the first call, with its arguments, and returns that result for every call. */
export function once<Args extends unknown[], Result>(work: (...args: Args) => Result): (...args: Args) => Result {
  let cached: { result: Result } | undefined;
  return (...args) => {
    cached ??= { result: work(...args) };
    return cached.result;
  };
}
