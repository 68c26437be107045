import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import { getWorkingFolder } from '../../cli/working-folder.js';
import { isSqliteError } from '../../database/sqlite-error.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { createColors } from '../../terminal/text/colors.js';
import { toPrintableLine } from '../../terminal/text/printable.js';
import { describeWriteError, withOutputError, writePiecesAtomically } from '../../util/write-files.js';
import { findRun } from './find-run.js';
import { readRunData } from './run-data.js';
import { withRunHistory } from './run-history.js';

/** The options of `boticelli runs report`. */
export interface ReportOptions {
  output: string;
  open?: boolean;
  force?: boolean;
}

const outputErrorOptions = {
  hint: 'Check the disk space and the permissions, or name another file with --output.',
  describe: describeWriteError,
};

/** `boticelli runs report`: writes a page about one or more runs, and prints its path. */
export function writeRunReport(ids: readonly string[], options: ReportOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const path = resolve(getWorkingFolder(proc), options.output);
    assertReplaceable(path, options);
    const { createReportRenderer } = await import('../../report/render-report.js');
    const renderReport = await createReportRenderer();
    await withRunHistory(proc, (database) => {
      // Several ids may name one run, such as `last` and the id of the last run.
      const runs = new Map(ids.map((id) => findRun(database, id)).map((run) => [run.run, run]));
      const dataOfRuns = database ? [...runs.values()].flatMap((run) => readRunData(database, run)) : [];
      try {
        writePiecesAtomically(path, renderReport(dataOfRuns), outputErrorOptions);
      } catch (thrown) {
        // `withRunHistory` reports any error except a BoticelliError as an unreadable history. Only SQLite errors mean that.
        throw isSqliteError(thrown) ? thrown : toBoticelliError(thrown);
      }
    });
    output.write(`${output.isTerminal ? toPrintableLine(path) : path}\n`);
    if (options.open) await openInBrowser(path, proc);
  });
}

/**
 * Checks that the page may be written. A link is not followed: it may have come with a folder that someone else wrote, and
 * point to any file of the user.
 *
 * @throws BoticelliError `usage` if something exists at the path and `--force` is not given; `output_failed` if it is
 *   not a regular file
 */
function assertReplaceable(path: string, { output, force }: ReportOptions): void {
  const status = withOutputError(path, outputErrorOptions, () => lstatSync(path, { throwIfNoEntry: false }));
  if (!status) return;
  if (!force) {
    const hint = 'Add --force to replace it, or name another file with --output.';
    throw new BoticelliError('usage', `${output} exists`, { hint });
  }
  withOutputError(path, outputErrorOptions, () => {
    if (!status.isFile())
      throw new Error(`it is ${status.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'}`);
  });
}

/** Opens the page in the user's browser. If that fails, prints a warning only, because the path has already been printed. */
async function openInBrowser(path: string, proc: CliProcess): Promise<void> {
  const { openPage } = await import('../../report/open-page.js');
  try {
    await openPage(path);
  } catch (thrown) {
    const { message } = toBoticelliError(thrown);
    createWarn(proc, await createColors(proc.stderr))(`no browser was opened: ${message}`);
  }
}
