import { Option } from 'commander';
import { configOption, durationOption, formatOption, tierOption, yesOption } from '../../cli/common-options.js';
import { defineCommand } from '../../cli/define-command.js';
import { collectModelName, createIntegerParser } from '../../cli/option-parsers.js';
import type { ProbeOptions } from './probe-limits.js';
import type { LimitsOptions } from './show-limits.js';

const addProbeCommand = defineCommand<[], ProbeOptions>({
  name: 'probe',
  description: 'measure the real limits of models; this uses quota',
  options: {
    model: new Option('-m, --model <model>', 'model to measure; repeatable')
      .argParser(collectModelName)
      .makeOptionMandatory(),
    requests: new Option('--requests <n>', 'maximum requests to send to each model')
      .argParser(createIntegerParser(1))
      .makeOptionMandatory(),
    spacing: durationOption('--spacing', 'minimum time between requests to a model').default(0, 'none'),
    stream: new Option('--stream', 'send streaming requests'),
    yes: yesOption(),
    format: formatOption(),
    tier: tierOption(),
    config: configOption(),
  },
  loadHandler: async () => (await import('./probe-limits.js')).probeLimits,
});

/** `boticelli limits` and `boticelli limits probe` */
export const addLimitsCommand = defineCommand<[], LimitsOptions>({
  name: 'limits',
  description: 'show rate limits, usage and when the next request can be sent',
  options: {
    forget: new Option('--forget <model>', 'forget the limits learned for this model; repeatable').argParser(
      collectModelName,
    ),
    format: formatOption(),
    tier: tierOption(),
    config: configOption(),
  },
  subcommands: [addProbeCommand],
  loadHandler: async () => (await import('./show-limits.js')).runLimits,
});
