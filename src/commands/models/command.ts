import { Option } from 'commander';
import { configOption, formatOption, tierOption } from '../../cli/common-options.js';
import { defineCommand } from '../../cli/define-command.js';
import type { ModelsOptions } from './show-models.js';

/** `boticelli models` */
export const addModelsCommand = defineCommand<[], ModelsOptions>({
  name: 'models',
  description: 'list the models available to your key',
  options: {
    live: new Option('--live', 'list only models that support the Live API'),
    search: new Option('--search <text>', 'list only models whose name or description contains this'),
    refresh: new Option('--refresh', 'fetch the list again, even if it is less than a day old'),
    format: formatOption(),
    tier: tierOption(),
    config: configOption(),
  },
  loadHandler: async () => (await import('./show-models.js')).showModels,
});
