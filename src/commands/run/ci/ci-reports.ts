import { closeSync, fstatSync, lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BoticelliError, toBoticelliError } from '../../../errors.js';
import { junitStart, renderJunitReport } from '../../../terminal/reports/junit-report.js';
import { renderMarkdownSummary } from '../../../terminal/reports/markdown-summary.js';
import type { ReportedSuite } from '../../../terminal/reports/reported-suite.js';
import { readRegularFile } from '../../../util/read-regular-file.js';
import {
  appendWhole,
  assertWritableFolder,
  describeWriteError,
  openForAppending,
  withOutputError,
  writeAtomically,
} from '../../../util/write-files.js';
import type { RunOptions } from '../options.js';
import { assertDifferentFiles } from '../rows/check-rows.js';

/** The reports of a command for CI: `--summary` and `--junit`. */
export interface CiReports {
  /**
   * Writes the reports that were asked for.
   * @param warnInstead given if the run has already failed: receives the message of a report that can't be written
   * @throws BoticelliError `output_failed`, unless `warnInstead` is given
   */
  write(suites: readonly ReportedSuite[], warnInstead?: (text: string) => void): void;
}

type ReportOptions = Pick<
  RunOptions,
  'summary' | 'junit' | 'each' | 'results' | 'failed' | 'record' | 'replay' | 'vars' | 'varFile' | 'config'
>;

/**
 * GitHub does not show a step summary larger than this (message of actions/runner: "up to a size of 1024k", read
 * 2026-11).
 */
const maxSummaryBytes = 1024 * 1024;

/** The maximum size of an earlier JUnit report. A larger file is neither read nor replaced. */
const maxEarlierJunitBytes = 256_000_000;

/** The minimum space for a summary, even if the file is already larger than `maxSummaryBytes`. */
const minSummaryBytes = 10_000;

/**
 * Checks that the reports can be written, before any request is sent.
 *
 * @param files the narratives, as given on the command line
 * @throws BoticelliError `usage` if a report would replace another file, `output_failed` if it can't be written
 */
export function openCiReports(files: readonly string[], options: ReportOptions, cwd: string): CiReports {
  assertSeparateFiles(files, options, cwd);
  const summary = options.summary === undefined ? undefined : resolve(cwd, options.summary);
  const junit = options.junit === undefined ? undefined : resolve(cwd, options.junit);
  if (junit !== undefined) assertJunitFile(junit);
  // Appends nothing, but fails if the file can't be opened.
  if (summary !== undefined) append(summary, () => '');
  return {
    write(suites, warnInstead) {
      const attempt = (work: () => void) => {
        try {
          work();
        } catch (thrown) {
          if (!warnInstead) throw thrown;
          warnInstead(toBoticelliError(thrown).message);
        }
      };
      const render = (size: number) => renderMarkdownSummary(suites, Math.max(maxSummaryBytes - size, minSummaryBytes));
      const writeJunit = (path: string) =>
        withOutputError(path, createErrorOptions('--junit'), () => writeAtomically(path, renderJunitReport(suites)));
      if (junit !== undefined) attempt(() => writeJunit(junit));
      if (summary !== undefined) attempt(() => append(summary, render));
    },
  };
}

function createErrorOptions(flag: '--summary' | '--junit') {
  return {
    hint: `Check the disk space and the permissions, or name another file with ${flag}.`,
    describe: describeWriteError,
  };
}

/** Appends to a file. @param render gets the size of the file in bytes and returns the text to append */
function append(path: string, render: (size: number) => string): void {
  withOutputError(path, createErrorOptions('--summary'), () => {
    const fd = openForAppending(path);
    try {
      appendWhole(fd, render(fstatSync(fd).size));
    } finally {
      closeSync(fd);
    }
  });
}

/** Checks that a JUnit report can be written, and that it replaces only an earlier one, or an empty file. */
function assertJunitFile(path: string): void {
  withOutputError(path, createErrorOptions('--junit'), () => {
    assertWritableFolder(dirname(path));
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (!status) return;
    // Writing the report would replace a link, not the file that it leads to: /dev/stdout, for example, is a link, and
    // would be lost for every program.
    if (!status.isFile())
      throw new Error(`it is ${status.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'}`);
    if (status.size === 0 || isJunitReport(path)) return;
    throw new BoticelliError('usage', `${path} exists and is not a JUnit report of boticelli`, {
      hint: 'Name a new file with --junit. Nothing was sent or changed.',
    });
  });
}

function isJunitReport(path: string): boolean {
  const content = readRegularFile(path, maxEarlierJunitBytes);
  return content.ok && content.bytes.subarray(0, junitStart.length).toString('latin1') === junitStart;
}

/**
 * Checks that the two reports have different paths, and that no report is also a file that another argument names.
 *
 * @throws BoticelliError `usage`
 */
function assertSeparateFiles(files: readonly string[], options: ReportOptions, cwd: string): void {
  const toPath = (file: string | undefined) => (file === undefined ? undefined : resolve(cwd, file));
  const { summary, junit, each, results, failed, record, replay, vars, varFile, config } = options;
  const flags = { each, results, failed, record, replay, vars, config };
  const others = [
    ...files.filter((file) => file !== '-').map((file) => ['the narrative', toPath(file)] as const),
    ...Object.entries(flags).map(([name, file]) => [`--${name}`, toPath(file)] as const),
    ...[...(varFile?.values() ?? [])].map((file) => ['--var-file', toPath(file)] as const),
  ];
  const reports = [['--summary', toPath(summary)] as const, ['--junit', toPath(junit)] as const];
  assertDifferentFiles(reports);
  for (const report of reports) for (const other of others) assertDifferentFiles([other, report]);
}
