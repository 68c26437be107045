import type { Argument, Command, Option } from 'commander';
import type { CliProcess } from './process.js';
import { rejectRepetition } from './repeatable-options.js';

/** Runs a command with its parsed arguments and options. Throws if the command fails. */
type CommandHandler<Args extends unknown[], Options> = (
  ...parameters: [...Args, Options, CliProcess, Command]
) => Promise<void>;

/** A command of the program. `Options` is the type of its parsed options. */
export interface CommandDefinition<Args extends unknown[], Options extends object> {
  name: string;
  description: string;
  arguments?: readonly Argument[];
  /** The options, keyed by the property that they set. The compiler checks that every property has an option. */
  options: { [Name in keyof Options]-?: Option | readonly Option[] };
  /** The heading above `--help` and the options that are in no group. Default `Options:`. */
  otherOptionsHeading?: string;
  /**
   * What the error adds if the option is given twice, such as `to compare models, use --matrix model=a,b`. The text has
   * no period at its end.
   */
  repeatAdvice?: Partial<Record<keyof Options, string>>;
  subcommands?: readonly AddCommand[];
  /** Whether the command is left out of help and completion. */
  isHidden?: boolean;
  /** Loads the handler when the command runs, so that other commands do not load it. */
  loadHandler: () => Promise<CommandHandler<Args, Options>>;
}

/** Adds a command to a program, or a subcommand to a command. */
type AddCommand = (parent: Command, proc: CliProcess) => void;

/** Returns a function that adds the defined command to its parent. */
export function defineCommand<Args extends unknown[], Options extends object>(
  definition: CommandDefinition<Args, Options>,
): AddCommand {
  const {
    name,
    description,
    arguments: positionals = [],
    subcommands = [],
    isHidden = false,
    otherOptionsHeading = 'Options:',
    repeatAdvice = {},
    loadHandler,
  } = definition;
  return (parent, proc) => {
    const command = parent
      .command(name, { hidden: isHidden })
      .description(description)
      .optionsGroup(otherOptionsHeading)
      // Commander lists --help under `otherOptionsHeading` only if the flags of --help are given here.
      .helpOption('-h, --help')
      // An unknown subcommand counts as an excess argument. `assertNoArguments` rejects it, and names it.
      .allowExcessArguments(subcommands.length > 0);
    command.showHelpAfterError(`  See ${formatPath(command)} --help.`);
    for (const argument of positionals) command.addArgument(argument);
    for (const option of listOptions(definition.options)) {
      command.addOption(option);
      rejectRepetition(command, option, (repeatAdvice as Record<string, string>)[option.attributeName()]);
    }
    command.action(async (...parameters: unknown[]) => {
      if (subcommands.length > 0) assertNoArguments(command);
      const handlerArgs = parameters.slice(0, -1) as [...Args, Options];
      await (await loadHandler())(...handlerArgs, proc, command);
    });
    for (const addSubcommand of subcommands) addSubcommand(command, proc);
  };
}

/** Returns the words that start the command, such as `boticelli runs show`. */
function formatPath(command: Command): string {
  return command.parent ? `${formatPath(command.parent)} ${command.name()}` : command.name();
}

/** Returns the options, after checking that each option sets the property under which it is declared. */
function listOptions(options: Readonly<Record<string, Option | readonly Option[]>>): Option[] {
  return Object.entries(options).flatMap(([property, given]) => {
    const declared = [given].flat();
    const wrong = declared.find((option) => option.attributeName() !== property);
    if (wrong) throw new Error(`the option ${wrong.flags} does not set ${property}`);
    return declared;
  });
}

function assertNoArguments(command: Command): void {
  const [name] = command.args;
  if (name === undefined) return;
  command.error(`error: unknown command '${command.name()} ${name}'`, { code: 'commander.unknownCommand' });
}
