import { Command } from 'commander';
import { collectModelName, configOption, durationOption, formatOption, tierOption } from '../../cli/common-options.js';
import type { SetFailure } from '../../cli/failure.js';
import { createIntegerParser } from '../../cli/option-parsers.js';
import type { CliProcess } from '../../cli/process.js';
import type { ProbeOptions } from './probe-limits.js';
import type { LimitsOptions } from './show-limits.js';

/** `boticelli limits` and `limits probe`. What each does is loaded when it is used. */
export function createLimitsCommand(proc: CliProcess, setFailure: SetFailure, parent: Command): Command {
  const command = new Command('limits')
    .copyInheritedSettings(parent)
    .description('what models allow, what of it is used, and when it is free')
    .option('--forget <model>', 'forget what was learned of this model; repeatable', collectModelName)
    .addOption(formatOption())
    .addOption(tierOption())
    .addOption(configOption())
    .action(async (options: LimitsOptions) => {
      const { runLimits } = await import('./show-limits.js');
      setFailure(await runLimits(options, proc));
    });
  return command.addCommand(createProbeCommand(proc, setFailure).copyInheritedSettings(command));
}

function createProbeCommand(proc: CliProcess, setFailure: SetFailure): Command {
  return new Command('probe')
    .description('measure what models really allow, side by side; this spends quota')
    .requiredOption('-m, --model <id>', 'a model to measure; repeatable', collectModelName)
    .requiredOption('--requests <n>', 'how many small requests to send each at most', createIntegerParser(1))
    .addOption(durationOption('--spacing', 'from one request to a model to the next, at least').default(0, 'none'))
    .option('--stream', 'ask for streams')
    .option('--yes', 'do not ask before sending')
    .addOption(formatOption())
    .addOption(tierOption())
    .addOption(configOption())
    .action(async (options: ProbeOptions) => {
      const { probeLimits } = await import('./probe-limits.js');
      setFailure(await probeLimits(options, proc));
    });
}
