import { createSpinner, type Spinner } from '../terminal/progress/spinner.js';
import type { CliProcess } from './process.js';

/** The spinner is for people: none where standard error is no terminal, or one that CI pretends to be. */
export async function createStderrSpinner({ stderr: stream, env }: CliProcess): Promise<Spinner | undefined> {
  if (!stream.isTTY || env.CI || env.TERM === 'dumb') return undefined;
  return createSpinner({ stream, isColored: stream.hasColors?.() ?? false });
}
