import { BoticelliError } from '../errors.js';
import type { CliProcess } from './process.js';

export interface ConfirmationOptions {
  /** What is about to be done, as in `this forgets 3 runs`. */
  action: string;
  /** What --yes is said for, as in `have it done`. */
  yesEffect: string;
  /** What a person may rely on who does not agree, as in `nothing was forgotten`. */
  declinedEffect: string;
  /** Whether they have agreed already, by --yes. */
  yes: boolean | undefined;
  proc: CliProcess;
  signal: AbortSignal;
}

/**
 * Resolves when the person agrees. Rejects with `usage` where they do not, or nobody is there to be asked, and with the
 * signal's reason.
 */
export async function requireConfirmation({
  action,
  yesEffect,
  declinedEffect,
  yes,
  proc,
  signal,
}: ConfirmationOptions): Promise<void> {
  if (yes) return;
  if (!proc.stdin.isTTY || !proc.stderr.isTTY) {
    throw new BoticelliError('usage', action, { hint: `Say --yes to ${yesEffect}; ${declinedEffect}.` });
  }
  if (await askYesNo(`${capitalize(action)}. Go on? [y/N] `, proc, signal)) return;
  throw new BoticelliError('usage', 'not confirmed', { hint: `${capitalize(declinedEffect)}.` });
}

/** Asks on standard error, and resolves to whether the answer is yes; an end of input is none. */
async function askYesNo(question: string, proc: CliProcess, signal: AbortSignal): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  // As a terminal of its own it would take Ctrl-C away from the process group.
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
