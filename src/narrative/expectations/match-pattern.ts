import { BoticelliError } from '../../errors.js';
import { maxWorkerMegabytes, runInWorker, type WorkerLimits } from '../../util/run-in-worker.js';

/** How long a match may block the main thread. Nearly all matches take less than a millisecond. */
const maxDirectMs = 50;

/**
 * The maximum length of a text that is matched in the main thread. `matchDirectly` compiles the pattern and the text as
 * one `vm` script, because V8 can stop a script. `maxDirectMs` does not limit the time to compile the script, which
 * grows with the text.
 */
const maxDirectLength = 100_000;

/** What a worker posts: whether the pattern matches, or why it could not be applied. */
export type PatternResult = { isMatch: boolean } | { failure: string };

/** Compiles a pattern: a JavaScript regular expression with the flag `u`. @throws SyntaxError if it is not valid */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(pattern, 'u');
}

/**
 * Whether a pattern, which `compilePattern` accepts, matches a part of a text. A pattern can backtrack for hours. A match that takes longer than
 * `maxDirectMs` is therefore stopped and started again in a worker, which can be ended.
 *
 * @throws BoticelliError `timeout` after `timeoutMs`; `unexpected_reply` if the match takes too much memory, or if the
 *   pattern is too large for V8, which compiles it only when it is first used; or the reason of the signal
 */
export async function matchPattern(
  pattern: string,
  text: string,
  { signal, timeoutMs }: WorkerLimits,
): Promise<boolean> {
  signal?.throwIfAborted();
  const isMatch = text.length > maxDirectLength ? undefined : await matchDirectly(pattern, text);
  if (isMatch !== undefined) return isMatch;
  const outcome = await runInWorker<PatternResult>('pattern-worker', { pattern, text }, { signal, timeoutMs });
  if (!outcome.ok && outcome.limit === 'time')
    throw createMatchError('timeout', pattern, `took more than ${timeoutMs / 1000} s`);
  if (!outcome.ok)
    throw createMatchError('unexpected_reply', pattern, `took more than ${maxWorkerMegabytes} MB of memory`);
  if ('failure' in outcome.result)
    throw createMatchError('unexpected_reply', pattern, `failed: ${outcome.result.failure}`);
  return outcome.result.isMatch;
}

/**
 * Resolves to undefined if the match takes too long or fails. V8 ends a script when its time is over, even in the
 * middle of a match.
 */
async function matchDirectly(pattern: string, text: string): Promise<boolean | undefined> {
  const { runInThisContext } = await import('node:vm');
  const script = `new RegExp(${JSON.stringify(pattern)}, 'u').test(${JSON.stringify(text)})`;
  try {
    return runInThisContext(script, { timeout: maxDirectMs });
  } catch {
    // Any failure other than a timeout occurs again in the worker, which reports it.
    return undefined;
  }
}

function createMatchError(code: 'timeout' | 'unexpected_reply', pattern: string, problem: string): BoticelliError {
  return new BoticelliError(code, `matching the reply with the pattern ${JSON.stringify(pattern)} ${problem}`, {
    hint: 'Simplify the pattern: nested repetitions such as (a+)+ can take very long.',
  });
}
