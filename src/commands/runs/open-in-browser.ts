import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import { createColors } from '../../terminal/text/colors.js';

/** Opens a file in the user's browser. If there is none, a warning is printed: the user has the path. */
export async function openInBrowser(path: string, proc: CliProcess): Promise<void> {
  try {
    const { default: open } = await import('open');
    await open(path);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    createWarn(proc, await createColors(proc.stderr))(`no browser was opened: ${reason}`);
  }
}
