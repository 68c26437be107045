import type { Command } from 'commander';
import { commandTree } from '../cli/completion/command-tree.js';
import type { Output } from '../terminal/output.js';

/** The shells that can be told what there is to complete. */
export type Shell = 'bash' | 'zsh' | 'fish';

/**
 * `boticelli completion`: prints a script that has a shell complete what the program takes. The script knows all by
 * itself, so that no key waits for a process to start; it is printed anew after an update.
 */
export async function completion(shell: Shell, program: Command, output: Output): Promise<void> {
  output.write((await scriptFor[shell]())(commandTree(program)));
  await output.flushed();
}

const scriptFor = {
  bash: async () => (await import('../cli/completion/bash.js')).bashCompletion,
  zsh: async () => (await import('../cli/completion/zsh.js')).zshCompletion,
  fish: async () => (await import('../cli/completion/fish.js')).fishCompletion,
};
