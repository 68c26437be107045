import { Command, type CommanderError, type Option } from 'commander';
import { expect, test } from 'vitest';
import type { CliProcess } from '../../src/cli/process.js';
import { isRepeatable } from '../../src/cli/repeatable-options.js';
import { addCheckCommand } from '../../src/commands/check/command.js';
import { addCompletionCommand } from '../../src/commands/completion.js';
import { addLimitsCommand } from '../../src/commands/limits/command.js';
import { addModelsCommand } from '../../src/commands/models/command.js';
import { addRunCommand } from '../../src/commands/run/command.js';
import { addRunsCommand } from '../../src/commands/runs/command.js';
import { runBoticelli } from '../helpers/boticelli.js';
import { runInProcess } from '../helpers/in-process.js';

const commands = [
  ...[addRunCommand, addCheckCommand, addModelsCommand, addLimitsCommand, addRunsCommand, addCompletionCommand],
];

function createProgram(): Command {
  const program = new Command('boticelli').enablePositionalOptions();
  for (const addCommand of commands) addCommand(program, {} as CliProcess);
  return program;
}

/** Lists the commands below a command, each with the words that name it. */
function listCommands(parent: Command, words: string[] = []): { words: string[]; options: readonly Option[] }[] {
  return parent.commands.flatMap((command) => {
    const names = [...words, command.name()];
    return [{ words: names, options: command.options }, ...listCommands(command, names)];
  });
}

/** Returns a valid value of an option. */
function getValue({ argChoices, flags }: Option): string {
  if (flags.includes('<k/n>')) return '1/2';
  return argChoices?.[0] ?? (/<(?:n|usd|duration|time)>/.test(flags) ? '1' : 'x');
}

/** Parses a command line that is expected to be wrong. Returns the error message, or `accepted`. */
function parseWrong(words: string[]): string {
  const program = createProgram();
  const prepare = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {} });
    for (const child of command.commands) prepare(child);
  };
  prepare(program);
  try {
    program.parse(words, { from: 'user' });
  } catch (thrown) {
    return (thrown as CommanderError).message;
  }
  return 'accepted';
}

const optionsWithValue = listCommands(createProgram()).flatMap(({ words, options }) =>
  options.filter(({ required }) => required).map((option) => ({ words, option })),
);
const unrepeatable = optionsWithValue.filter(({ option }) => !isRepeatable(option));

test('an unrepeatable option with a value cannot be given twice, not even by its short and its long name', () => {
  expect(unrepeatable.length).toBeGreaterThan(30);
  for (const { words, option } of unrepeatable) {
    const given = [option.short ?? option.long ?? '', getValue(option), option.long ?? '', getValue(option)];
    expect(parseWrong([...words, ...given])).toContain(`error: option '${option.flags}' can be given only once`);
  }
});

test('only these options can be repeated', () => {
  const repeatable = optionsWithValue.filter(({ option }) => isRepeatable(option));
  expect(new Set(repeatable.map(({ words, option }) => `${words.join(' ')} ${option.long}`))).toEqual(
    new Set([
      ...[
        'run --var',
        'run --var-file',
        'run --matrix',
        'run --only',
        'run --fallback',
        'check --var',
        'check --var-file',
      ],
      ...['limits --forget', 'limits probe --model'],
    ]),
  );
});

test('`run` suggests --matrix if --model or --temperature is repeated, and accepts a repeated option without a value', async () => {
  const models = await runInProcess(['run', 'x.toml', '-m', 'a', '--model=b']);
  expect(models).toMatchObject({
    code: 2,
    stdout: '',
    stderr:
      "boticelli: option '-m, --model <model>' can be given only once; to compare models, use --matrix model=a,b\n  See boticelli run --help.\n",
  });
  const temperatures = await runInProcess(['run', 'x.toml', '--temperature', '0', '--temperature', '0']);
  expect(temperatures.stderr).toContain(
    "'--temperature <n>' can be given only once; to compare temperatures, use --matrix temperature=0,1",
  );
  const sample = 'narratives/quick_test.toml';
  expect(await runBoticelli(['run', sample, '-q', '-q', '--rehearse', '--rehearse'])).toMatchObject({ code: 0 });
});
