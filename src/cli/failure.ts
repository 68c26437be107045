import type { BoticelliError } from '../errors.js';

/** How a command failed, and in which act if it was in one. */
export interface Failure {
  error: BoticelliError;
  act?: string;
  /** How to go on where that is possible: words, and the command. */
  resumeHint?: string;
  /** True where what happened has been told already. */
  isReported?: boolean;
}

/** Takes how a command ended; commander's actions themselves return nothing. */
export type SetFailure = (failure: Failure | undefined) => void;
