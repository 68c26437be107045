import { withTimeout } from '../../src/util/with-timeout.js';

/** Resolves to the result of the work; rejects if there is none within 10 seconds. */
export function withHangTimeout<Result>(work: () => Promise<Result>): Promise<Result> {
  return withTimeout(work(), 10_000, 'it hangs: no result within 10 s');
}
