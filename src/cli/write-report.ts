import type { Output } from '../terminal/output.js';
import { jsonOf } from '../terminal/replies/json.js';
import { type Paint, paintFor } from '../terminal/text/colors.js';
import type { Host } from './process.js';

/** What a command has to say, for programs and for people. */
export interface Saying {
  document: () => unknown;
  lines: () => readonly string[] | Promise<readonly string[]>;
}

/** Writes what a command has to say, as `--format` asks for it. */
export async function reportAs(format: 'text' | 'json', output: Output, { document, lines }: Saying): Promise<void> {
  output.write(format === 'json' ? `${jsonOf(document(), 2)}\n` : `${(await lines()).join('\n')}\n`);
}

/** The colours of standard output, and how wide it is where it is a terminal. */
export async function looksOf({ stdout }: Host): Promise<{ paint: Paint; columns?: number }> {
  const paint = await paintFor(stdout);
  return stdout.isTTY && stdout.columns ? { paint, columns: stdout.columns } : { paint };
}
