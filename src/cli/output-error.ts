import { BoticelliError, Interrupted } from '../errors.js';

/** A reader that went away ends a run quietly, as it does every filter; anything else is a failure to be told. */
export function toOutputError(error: NodeJS.ErrnoException): BoticelliError {
  if (error.code === 'EPIPE') return new Interrupted('SIGPIPE');
  const reason = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
  return new BoticelliError('output_failed', `can't write to standard output: ${reason}`, {
    hint: 'Make room, or send the output elsewhere, and run it again.',
    cause: error,
  });
}
