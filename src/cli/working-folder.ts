import { BoticelliError } from '../errors.js';
import type { CliProcess } from './process.js';

/** Returns the current folder. @throws BoticelliError `no_input` if it no longer exists */
export function getWorkingFolder(proc: Pick<CliProcess, 'cwd'>): string {
  try {
    return proc.cwd();
  } catch (cause) {
    throw new BoticelliError('no_input', 'the current folder no longer exists', {
      hint: 'Change to another folder.',
      cause,
    });
  }
}
