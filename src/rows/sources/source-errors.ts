import { BoticelliError } from '../../errors.js';

/** The maximum size of one row in bytes. A larger one is a mistake, such as a quote that is never closed. */
export const maxRowBytes = 32_000_000;

/** A fault of a source, with the line on which it is, if known. */
export interface SourceProblem {
  line?: number;
  message: string;
}

/** The maximum number of faults that one message lists. */
const maxListed = 10;

/** Creates the error for a source with faults. Its message lists the first ones, each with its line, if known. */
export function createSourceError(name: string, problems: readonly SourceProblem[]): BoticelliError {
  const listed = problems
    .slice(0, maxListed)
    .map(({ line, message }) => `${name}${line === undefined ? '' : `:${line}`}: ${message}`);
  const hiddenCount = problems.length - listed.length;
  if (hiddenCount > 0) listed.push(`${name}: ${hiddenCount} more ${hiddenCount === 1 ? 'error' : 'errors'}`);
  const hint = 'Fix the rows; nothing was sent.';
  return new BoticelliError('invalid_narrative', listed.join('; '), { hint });
}

/**
 * Replaces the hint of an error about faulty rows that are read during the run, such as rows on standard input. The
 * hint must not say that nothing was sent, because rows before them may have been sent. Returns other errors as they
 * are.
 */
export function withResumeHint(thrown: unknown): unknown {
  if (!isRowFormatError(thrown)) return thrown;
  const hint = 'Replies so far are kept. Fix the rows and run again with --resume.';
  return new BoticelliError(thrown.code, thrown.message, { hint });
}

/** Creates the error for a source that can't be read. */
export function createUnreadableSourceError(message: string, hint: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}

/** Creates the error for a source that changed while its rows were read. */
export function createChangedError(name: string): BoticelliError {
  return createUnreadableSourceError(
    `${name} changed while its rows were read`,
    'Replies so far are kept. Run again with --resume: rows that have their reply do not run again.',
  );
}

/** Whether a file of rows or results has an invalid format. Its parser then reports the code `invalid_narrative`. */
export function isRowFormatError(thrown: unknown): thrown is BoticelliError {
  return thrown instanceof BoticelliError && thrown.code === 'invalid_narrative';
}
