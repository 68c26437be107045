import type { Output } from '../terminal/output.js';
import { stringifyJson } from '../terminal/replies/json.js';
import { type Colors, createColors } from '../terminal/text/colors.js';
import type { CliProcess } from './process.js';

/** What a command has to say, for programs and for people. */
export interface ReportContent {
  createDocument: () => unknown;
  renderLines: () => readonly string[] | Promise<readonly string[]>;
}

/** Writes what a command has to say, as `--format` asks for it. */
export async function writeReport(
  format: 'text' | 'json',
  output: Output,
  { createDocument, renderLines }: ReportContent,
): Promise<void> {
  output.write(format === 'json' ? `${stringifyJson(createDocument(), 2)}\n` : `${(await renderLines()).join('\n')}\n`);
}

/** The colours of standard output, and how wide it is where it is a terminal. */
export async function getStdoutStyle({ stdout }: CliProcess): Promise<{ colors: Colors; columns?: number }> {
  const colors = await createColors(stdout);
  return stdout.isTTY && stdout.columns ? { colors, columns: stdout.columns } : { colors };
}
