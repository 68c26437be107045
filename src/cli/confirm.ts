import { BoticelliError } from '../errors.js';
import type { CliProcess } from './process.js';

interface ConfirmationOptions {
  /** What the command is about to do, such as `this deletes 3 runs`. */
  action: string;
  /** What the user is told if there is no confirmation, such as `nothing was deleted`. */
  declinedEffect: string;
  /** The value of `--yes`. */
  yes: boolean | undefined;
  proc: CliProcess;
  signal: AbortSignal;
}

/**
 * Asks for a confirmation, unless `--yes` is given.
 *
 * @throws BoticelliError `usage` if the answer is no, or if there is no terminal; or the reason of the signal
 */
export async function requireConfirmation(options: ConfirmationOptions): Promise<void> {
  const { action, declinedEffect, yes, proc, signal } = options;
  if (yes) return;
  if (!proc.stdin.isTTY || !proc.stderr.isTTY) {
    throw new BoticelliError('usage', `confirmation needed: ${action}`, {
      hint: `Add --yes to confirm; ${declinedEffect}.`,
    });
  }
  if (await askYesNo(`${capitalize(action)}. Continue? [y/N] `, proc, signal)) return;
  throw new BoticelliError('usage', 'not confirmed', { hint: `${capitalize(declinedEffect)}.` });
}

/** Asks on standard error. The end of the input counts as a no. */
async function askYesNo(question: string, proc: CliProcess, signal: AbortSignal): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  // In terminal mode, readline would consume Ctrl-C, and the process group would get no signal.
  const lines = createInterface({ input: proc.stdin, terminal: false });
  proc.stderr.write(question);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      lines.once('line', (line) => resolve(/^\s*y(es)?\s*$/i.test(line)));
      lines.once('close', () => resolve(false));
      if (signal.aborted) reject(signal.reason);
    });
  } finally {
    lines.close();
  }
}

function capitalize(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
