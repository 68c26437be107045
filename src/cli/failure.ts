import type { BoticelliError } from '../errors.js';

/** How a command failed, and in which act if it was in one. */
export interface Failure {
  error: BoticelliError;
  act?: string;
  /** How to go on where that is possible: words, and the command. */
  goOn?: string;
  /** True where what happened has been told already. */
  isTold?: boolean;
}

/** Takes how a command ended; commander's actions themselves return nothing. */
export type Ended = (failure: Failure | undefined) => void;
