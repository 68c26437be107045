import { Argument, Option } from 'commander';
import { defineCommand } from '../../cli/define-command.js';
import type { InitOptions } from './init.js';

/** `boticelli init` */
export const addInitCommand = defineCommand<[name: string], InitOptions>({
  name: 'init',
  description: 'write a first narrative that runs',
  arguments: [new Argument('[name]', 'name of the narrative and its file').default('narrative')],
  options: {
    template: new Option('--template <name>', 'example to start from')
      .choices(['chain', 'json', 'vision', 'rows'])
      .default('chain'),
  },
  loadHandler: async () => (await import('./init.js')).init,
});
