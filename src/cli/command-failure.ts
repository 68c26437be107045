import { type BoticelliError, toBoticelliError } from '../errors.js';

/** The details, besides the error itself, that the program needs to report a failure. */
interface FailureContext {
  /** The act that failed. */
  act?: string;
  /** A line that says how to resume the run, with the command at its end. */
  resumeHint?: string;
  /** True if the error has already been printed on standard error. Default false. */
  isReported?: boolean;
}

/**
 * Thrown by a command whose failure has a context. Anything else that a command throws is reported without a context.
 */
export class CommandFailure extends Error {
  constructor(
    readonly error: BoticelliError,
    readonly context: FailureContext,
  ) {
    super(error.message, { cause: error });
    this.name = 'CommandFailure';
  }
}

/** Wraps anything that a command threw. */
export function toCommandFailure(thrown: unknown): CommandFailure {
  return thrown instanceof CommandFailure ? thrown : new CommandFailure(toBoticelliError(thrown), {});
}
