import { BoticelliError } from '../errors.js';
import type { Host } from './process.js';

export interface Agreeing {
  /** What is about to be done, as in `this forgets 3 runs`. */
  what: string;
  /** What --yes is said for, as in `have it done`. */
  sayYes: string;
  /** What a person may rely on who does not agree, as in `nothing was forgotten`. */
  otherwise: string;
  /** Whether they have agreed already, by --yes. */
  yes: boolean | undefined;
  host: Host;
  signal: AbortSignal;
}

/**
 * Resolves when the person agrees. Rejects with `usage` where they do not, or nobody is there to be asked, and with the
 * signal's reason.
 */
export async function assertAgreed({ what, sayYes, otherwise, yes, host, signal }: Agreeing): Promise<void> {
  if (yes) return;
  if (!host.stdin.isTTY || !host.stderr.isTTY) {
    throw new BoticelliError('usage', what, { hint: `Say --yes to ${sayYes}; ${otherwise}.` });
  }
  if (await agrees(`${capitalized(what)}. Go on? [y/N] `, host, signal)) return;
  throw new BoticelliError('usage', 'not confirmed', { hint: `${capitalized(otherwise)}.` });
}

/** Asks on standard error, and resolves to whether the answer is yes; an end of input is none. */
async function agrees(question: string, host: Host, signal: AbortSignal): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  // As a terminal of its own it would take Ctrl-C away from the process group.
  const lines = createInterface({ input: host.stdin, terminal: false });
  host.stderr.write(question);
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

function capitalized(words: string): string {
  return `${words[0]?.toUpperCase()}${words.slice(1)}`;
}
