import type { Command } from 'commander';
import { createCommandTree } from '../cli/completion/command-tree.js';
import type { Output } from '../terminal/output.js';

/** The shells that can be told what there is to complete. */
export type Shell = 'bash' | 'zsh' | 'fish';

/**
 * `boticelli completion`: prints a script that has a shell complete what the program takes. The script knows all by
 * itself, so that no key waits for a process to start; it is printed anew after an update.
 */
export async function printCompletion(shell: Shell, program: Command, output: Output): Promise<void> {
  output.write((await loadRenderer[shell]())(createCommandTree(program)));
  await output.flush();
}

const loadRenderer = {
  bash: async () => (await import('../cli/completion/bash.js')).renderBashCompletion,
  zsh: async () => (await import('../cli/completion/zsh.js')).renderZshCompletion,
  fish: async () => (await import('../cli/completion/fish.js')).renderFishCompletion,
};
