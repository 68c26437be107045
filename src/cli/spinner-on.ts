import { createSpinner, type Spinner } from '../terminal/progress/spinner.js';
import type { Host } from './process.js';

/** The spinner is for people: none where standard error is no terminal, or one that CI pretends to be. */
export async function spinnerOn({ stderr: stream, env }: Host): Promise<Spinner | undefined> {
  if (!stream.isTTY || env.CI || env.TERM === 'dumb') return undefined;
  return createSpinner({ stream, isColored: stream.hasColors?.() ?? false });
}
