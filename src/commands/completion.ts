import { Argument, type Command } from 'commander';
import { defineCommand } from '../cli/define-command.js';
import type { CliProcess } from '../cli/process.js';

type Shell = 'bash' | 'zsh' | 'fish';

/** `boticelli completion` */
export const addCompletionCommand = defineCommand<[shell: Shell], Record<never, never>>({
  name: 'completion',
  description: 'print a shell completion script',
  arguments: [new Argument('<shell>', 'shell to complete for').choices(['bash', 'zsh', 'fish'])],
  options: {},
  loadHandler: async () => (shell, _options, proc, command) => printCompletion(shell, proc, command),
});

/**
 * Prints the script. It contains every command and option, so that completion seldom starts a process. After an update
 * of boticelli, the user has to create the script again.
 */
async function printCompletion(shell: Shell, proc: CliProcess, { parent: program }: Command): Promise<void> {
  const [{ withOutput }, { createCommandTree }, render] = await Promise.all([
    import('../cli/output.js'),
    import('../cli/completion/command-tree.js'),
    loadRenderer[shell](),
  ]);
  await withOutput(proc, async (output) => {
    if (program) output.write(render(createCommandTree(program)));
  });
}

const loadRenderer = {
  bash: async () => (await import('../cli/completion/bash.js')).renderBashCompletion,
  zsh: async () => (await import('../cli/completion/zsh.js')).renderZshCompletion,
  fish: async () => (await import('../cli/completion/fish.js')).renderFishCompletion,
};
