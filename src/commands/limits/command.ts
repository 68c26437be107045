import { Command } from 'commander';
import { duration, format, modelNames, settingsFile, tier } from '../../cli/common-options.js';
import type { Ended } from '../../cli/failure.js';
import { wholeNumber } from '../../cli/option-parsers.js';
import type { Host } from '../../cli/process.js';
import type { LimitsOptions } from './limits.js';
import type { ProbeOptions } from './probe.js';

/** `boticelli limits` and `limits probe`. What each does is loaded when it is used. */
export function limitsCommand(host: Host, ended: Ended, parent: Command): Command {
  const limits = new Command('limits')
    .copyInheritedSettings(parent)
    .description('what models allow, what of it is used, and when it is free')
    .option('--forget <model>', 'forget what was learned of this model; repeatable', modelNames)
    .addOption(format())
    .addOption(tier())
    .addOption(settingsFile())
    .action(async (options: LimitsOptions) => {
      const { limits } = await import('./limits.js');
      ended(await limits(options, host));
    });
  return limits.addCommand(probeCommand(host, ended).copyInheritedSettings(limits));
}

function probeCommand(host: Host, ended: Ended): Command {
  return new Command('probe')
    .description('measure what models really allow, side by side; this spends quota')
    .requiredOption('-m, --model <id>', 'a model to measure; repeatable', modelNames)
    .requiredOption('--requests <n>', 'how many small requests to send each at most', wholeNumber(1))
    .addOption(duration('--spacing', 'from one request to a model to the next, at least').default(0, 'none'))
    .option('--stream', 'ask for streams')
    .option('--yes', 'do not ask before sending')
    .addOption(format())
    .addOption(tier())
    .addOption(settingsFile())
    .action(async (options: ProbeOptions) => {
      const { probe } = await import('./probe.js');
      ended(await probe(options, host));
    });
}
