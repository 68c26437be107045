import type { Argument, Command, Option } from 'commander';
import { isRetiring } from '../../facts/model-facts.js';
import { builtInModels } from '../../facts/models.js';
import { isRepeatable } from '../repeatable-options.js';

/**
 * Values that are not known when the script is created. The script asks the program for them. `narratives` are the
 * names of the narratives in the run history, and `tiers` are the rate-limit tiers for `--tier`.
 */
export type DynamicTopic = 'acts' | 'narratives' | 'runs' | 'tiers';

/**
 * The completions of an argument or option value: known words, values that the program is asked for, or files.
 * `narrative-files` are TOML files and folders.
 */
export type Values =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'dynamic'; topic: DynamicTopic }
  | { kind: 'narrative-files' | 'folders' | 'files' | 'unknown' };

/** An option, as completion scripts need it. */
export interface Flag {
  /** The short and long names, such as `-o` and `--output`, or only one of them. */
  names: readonly string[];
  description: string;
  /** The completions of the option's value; undefined if the option takes no value. */
  values: Values | undefined;
  isRepeatable: boolean;
}

/** An option that takes a value. */
type FlagWithValue = Flag & { values: Values };

/** A command with its options, arguments and subcommands. */
export interface CommandNode {
  /** Empty for the program itself; `['limits', 'probe']` for `limits probe`. */
  path: readonly string[];
  description: string;
  flags: readonly Flag[];
  arguments: readonly { name: string; values: Values; isVariadic: boolean }[];
  commands: readonly CommandNode[];
}

/** Builds the tree from commander's definitions, without hidden commands. */
export function createCommandTree(command: Command): CommandNode {
  return createNode(command, [], []);
}

/** @param siblingNames the names of the parent's subcommands, which complete the argument of `help` */
function createNode(command: Command, path: readonly string[], siblingNames: readonly string[]): CommandNode {
  const help = command.createHelp();
  const visibleCommands = help.visibleCommands(command);
  const names = visibleCommands.map((subcommand) => subcommand.name());
  const commands = visibleCommands.map((subcommand) => createNode(subcommand, [...path, subcommand.name()], names));
  return {
    path,
    description: collapseWhitespace(command.description()),
    flags: help.visibleOptions(command).map(createFlag),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      values: argument.name() === 'command' ? createWords(siblingNames) : findValues(argument, argument.name()),
      isVariadic: argument.variadic,
    })),
    commands,
  };
}

/** Lists all commands of a tree, each before its subcommands. */
export function flattenCommands(tree: CommandNode): CommandNode[] {
  return [tree, ...tree.commands.flatMap(flattenCommands)];
}

/** Lists the options of a command that take a value. */
export function flagsWithValues({ flags }: CommandNode): FlagWithValue[] {
  return flags.filter((flag): flag is FlagWithValue => flag.values !== undefined);
}

function createFlag(option: Option): Flag {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: collapseWhitespace(option.description),
    values: option.required ? findValues(option, /<([^>.]+)/.exec(option.flags)?.[1] ?? '') : undefined,
    isRepeatable: isRepeatable(option),
  };
}

/**
 * Returns the choices that commander knows, or else the completions for the option, or else those for its placeholder.
 *
 * @param name the placeholder of an option's value, or the name of an argument
 */
function findValues(definition: Option | Argument, name: string): Values {
  const { argChoices } = definition;
  if (argChoices) return createWords(argChoices);
  const flag = 'long' in definition ? definition.long : undefined;
  return valuesByFlag[flag ?? ''] ?? valuesByPlaceholder[name] ?? { kind: 'unknown' };
}

/** The completions by placeholder. The placeholder of `--record <file>` is `file`. */
const valuesByPlaceholder: Record<string, Values> = {
  narrative: { kind: 'narrative-files' },
  file: { kind: 'files' },
  dir: { kind: 'folders' },
  model: createWords(listCurrentModels()),
  run: { kind: 'dynamic', topic: 'runs' },
  act: { kind: 'dynamic', topic: 'acts' },
};

/** The completions of options whose placeholder has several meanings. */
const valuesByFlag: Record<string, Values> = {
  '--model': createWords(listCurrentModels()),
  '--narrative': { kind: 'dynamic', topic: 'narratives' },
  '--tier': { kind: 'dynamic', topic: 'tiers' },
};

/** Lists the built-in models that are neither shut down nor about to be. */
function listCurrentModels(): string[] {
  return [...builtInModels].flatMap(([name, facts]) => (isRetiring(facts, Date.now()) ? [] : [name]));
}

function createWords(list: readonly string[]): Values {
  return { kind: 'words', words: list };
}

function collapseWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
