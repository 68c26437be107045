import { Argument } from 'commander';
import type { DynamicTopic } from '../cli/completion/command-tree.js';
import { defineCommand } from '../cli/define-command.js';
import type { CliProcess } from '../cli/process.js';

/** `boticelli __complete`: completion scripts call it for values that are not known when the script is created. */
export const addCompleteCommand = defineCommand<[topic: DynamicTopic, typedWords: string[]], Record<never, never>>({
  name: '__complete',
  description: 'print the completions of a value',
  isHidden: true,
  arguments: [
    new Argument('<topic>').choices(['acts', 'narratives', 'runs', 'tiers']),
    new Argument('[words...]').default([]),
  ],
  options: {},
  loadHandler: async () => (topic, typedWords, _options, proc) => printValues(topic, typedWords, proc),
});

/**
 * Prints the completions. Prints nothing if they can't be read: TAB must not show errors.
 * @param typedWords the words of the command line before the cursor
 */
async function printValues(topic: DynamicTopic, typedWords: readonly string[], proc: CliProcess): Promise<void> {
  const [{ withOutput }, { listDynamicValues }] = await Promise.all([
    import('../cli/output.js'),
    import('../cli/completion/dynamic-values.js'),
  ]);
  const lines = await listDynamicValues(topic, typedWords, proc).catch(() => []);
  await withOutput(proc, async (output) => output.write(lines.map((line) => `${line}\n`).join('')));
}
