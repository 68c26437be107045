const longestMs = 10_000;

/** What the work comes to; rejects where it hangs. */
export async function inTime<Result>(work: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: nothing came of it in ${longestMs / 1000} s`)), longestMs);
  });
  return Promise.race([work(), late]).finally(() => clearTimeout(timer));
}
