import type { Argument, Command, Option } from 'commander';
import { builtInModels } from '../../facts/models.js';

/** What may stand in a place of the command line: words that are known, or names of files. */
export type Values =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'narratives' | 'folders' | 'files' | 'unknown' };

/** A flag, as completion needs to know it. */
export interface Flag {
  /** As they are typed: `-o` and `--output`, or one of them. */
  names: readonly string[];
  description: string;
  /** What must follow it; undefined where nothing does. */
  values: Values | undefined;
  isRepeatable: boolean;
}

/** A command with all that can be typed after it. */
export interface CommandNode {
  /** The words that lead to it: empty for the program itself, then `limits`, then `limits probe`. */
  path: readonly string[];
  description: string;
  flags: readonly Flag[];
  arguments: readonly { name: string; values: Values; isVariadic: boolean }[];
  commands: readonly CommandNode[];
}

/** The tree of commands as commander has it, hidden ones left out: so nothing that can be typed is written down twice. */
export function createCommandTree(command: Command): CommandNode {
  return createNode(command, [], []);
}

/** @param siblingNames the names of the commands beside it: what `help` takes */
function createNode(command: Command, path: readonly string[], siblingNames: readonly string[]): CommandNode {
  const help = command.createHelp();
  const names = command.commands.map((subcommand) => subcommand.name());
  const commands = help
    .visibleCommands(command)
    .map((subcommand) => createNode(subcommand, [...path, subcommand.name()], names));
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

/** All commands of a tree, each before those within it. */
export function flattenCommands(tree: CommandNode): CommandNode[] {
  return [tree, ...tree.commands.flatMap(flattenCommands)];
}

function createFlag(option: Option): Flag {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: collapseWhitespace(option.description),
    values: option.required ? findValues(option, /<([^>.]+)/.exec(option.flags)?.[1] ?? '') : undefined,
    // Said in the descriptions, since commander itself does not know it.
    isRepeatable: option.variadic || option.description.includes('repeatable'),
  };
}

/** What may stand for `<name>`: the choices that commander checks, else what the name says. */
function findValues({ argChoices }: Option | Argument, name: string): Values {
  return argChoices ? createWords(argChoices) : (valuesByPlaceholder[name] ?? { kind: 'unknown' });
}

/** The names that placeholders have in the help texts. */
const valuesByPlaceholder: Record<string, Values> = {
  narrative: { kind: 'narratives' },
  file: { kind: 'files' },
  dir: { kind: 'folders' },
  id: createWords(listCurrentModels()),
  model: createWords(listCurrentModels()),
};

/** Those that retire or did are nobody's choice any more. */
function listCurrentModels(): string[] {
  return [...builtInModels].flatMap(([name, { retiresOn }]) => (retiresOn === undefined ? [name] : []));
}

function createWords(list: readonly string[]): Values {
  return { kind: 'words', words: list };
}

/** One line. */
function collapseWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
