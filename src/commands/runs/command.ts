import { Argument, Option } from 'commander';
import { formatOption, yesOption } from '../../cli/common-options.js';
import { defineCommand } from '../../cli/define-command.js';
import { createIntegerParser, parseAgeMs, parseSince } from '../../cli/option-parsers.js';
import type { ClearOptions } from './clear.js';
import type { CompareOptions } from './compare.js';
import type { ExportOptions, RunsOptions, ShowOptions } from './print-runs.js';
import type { ReportOptions } from './report.js';

const runArgument = new Argument('[run]', 'run id or its first characters, or the word "last"').default('last', 'last');

/** @param description how the help describes the default */
const runsArgument = (defaultIds: string[], description: string) =>
  new Argument('[run...]', 'run ids or their first characters, or the word "last"').default(defaultIds, description);

const addShowCommand = defineCommand<[run: string], ShowOptions>({
  name: 'show',
  description: 'show one run with its replies',
  arguments: [runArgument],
  options: {
    prompts: new Option('--prompts', 'also show the prompts; they are stored only with prompts = true under [store]'),
  },
  loadHandler: async () => (await import('./print-runs.js')).showRun,
});

const addExportCommand = defineCommand<[run: string], ExportOptions>({
  name: 'export',
  description: 'print one run as JSON or Markdown',
  arguments: [runArgument],
  options: { format: new Option('--format <format>', 'output format').choices(['json', 'markdown']).default('json') },
  loadHandler: async () => (await import('./print-runs.js')).exportRun,
});

const addCompareCommand = defineCommand<[runs: string[]], CompareOptions>({
  name: 'compare',
  description: 'show runs side by side: tokens, cost, time, and how the replies differ',
  arguments: [runsArgument([], 'the last run if it has a matrix, else the last two runs of its narrative')],
  options: {
    format: new Option('--format <format>', 'output format').choices(['text', 'json', 'markdown']).default('text'),
  },
  loadHandler: async () => (await import('./compare.js')).compareRuns,
});

const addReportCommand = defineCommand<[runs: string[]], ReportOptions>({
  name: 'report',
  description: 'write an HTML page about one run, or several side by side',
  arguments: [runsArgument(['last'], 'last')],
  options: {
    output: new Option('--output <file>', 'file to write').default('report.html'),
    open: new Option('--open', 'open the page in the browser'),
    force: new Option('--force', 'replace the file if it exists'),
  },
  loadHandler: async () => (await import('./report.js')).writeRunReport,
});

const addClearCommand = defineCommand<[], ClearOptions>({
  name: 'clear',
  description: 'delete runs and the replies that --resume reuses',
  options: {
    olderThan: new Option('--older-than <duration>', 'delete only runs older than this, such as 30d').argParser(
      parseAgeMs,
    ),
    narrative: new Option('--narrative <name>', 'delete only runs of this narrative'),
    all: new Option('--all', 'delete everything in the database, also what is known about quota and models'),
    yes: yesOption(),
  },
  loadHandler: async () => (await import('./clear.js')).clearRunHistory,
});

/** `boticelli runs` and its subcommands */
export const addRunsCommand = defineCommand<[], RunsOptions>({
  name: 'runs',
  description: 'list earlier runs, newest first',
  options: {
    limit: new Option('-n, --limit <n>', 'maximum runs to list').argParser(createIntegerParser(1)).default(20),
    narrative: new Option('--narrative <name>', 'list only runs of this narrative'),
    since: new Option(
      '--since <time>',
      'list only runs that began on or after this date, such as 2026-11-30, or at most this long ago, such as 12h or 30d',
    ).argParser(parseSince),
    failed: new Option('--failed', 'list only runs that did not complete'),
    format: formatOption(),
  },
  subcommands: [addShowCommand, addCompareCommand, addExportCommand, addReportCommand, addClearCommand],
  loadHandler: async () => (await import('./print-runs.js')).listRunHistory,
});
