import type { Host } from './host.js';

/**
 * Asks on standard error, and resolves to whether the answer is yes; an end of input is none. Rejects with the signal's
 * reason.
 */
export async function confirmed(
  question: string,
  { host, signal }: { host: Host; signal: AbortSignal },
): Promise<boolean> {
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
