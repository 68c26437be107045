import { Argument, Option } from 'commander';
import { configOption, formatOption, tierOption, variableOptions } from '../../cli/common-options.js';
import { defineCommand } from '../../cli/define-command.js';
import { parseModelName } from '../../cli/option-parsers.js';
import type { CheckOptions } from './check.js';

/** `boticelli check` */
export const addCheckCommand = defineCommand<[files: string[]], CheckOptions>({
  name: 'check',
  description: 'check narratives for mistakes, offline',
  arguments: [new Argument('<narrative...>', 'TOML files, folders, or - for standard input')],
  options: {
    model: new Option('-m, --model <model>', "model for every act, instead of the file's").argParser(parseModelName),
    ...variableOptions(),
    format: formatOption(),
    strict: new Option('--strict', 'treat warnings as errors'),
    estimate: new Option('--estimate', 'estimate requests, tokens, cost and waits'),
    each: new Option('--each <rows>', 'also check the columns of these rows, and the media that they name'),
    allowOutside: new Option('--allow-outside', 'with --each: let rows choose files in any folder'),
    tier: tierOption(),
    config: configOption(),
  },
  loadHandler: async () => (await import('./check.js')).check,
});
