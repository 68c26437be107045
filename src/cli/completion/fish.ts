import { quoteForShell } from '../quote-for-shell.js';
import { type CommandNode, flagsWithValues, flattenCommands, type Values } from './command-tree.js';

/**
 * Renders a completion script for fish 3.1 and later. The script starts no process except the program itself, for
 * values that only the program knows.
 */
export function renderFishCompletion(tree: CommandNode): string {
  const nodes = flattenCommands(tree);
  const quoteWords = (words: readonly string[]) => quoteForShell(words.join(' '));
  const quotedCommands = nodes.slice(1).map(({ path }) => quoteWords(path));
  const quotedFlags = nodes.flatMap((node) =>
    flagsWithValues(node).flatMap(({ names }) => names.map((name) => quoteWords([...node.path, name]))),
  );
  return `# fish completion for boticelli. Load it with: boticelli completion fish | source

# Tests whether the line has this command, followed by this many arguments; -1 means any number.
function __boticelli_at
    set -l path
    set -l count 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        set -l path_and_word (string join -- ' ' $path $word)
        if test $skip = 1
            set skip 0
        else if string match -q -- '-?*' $word
            contains -- $path_and_word ${quotedFlags.join(' ')}; and set skip 1
        else if test $count = 0; and contains -- $path_and_word ${quotedCommands.join(' ')}
            set -a path $word
        else
            set count (math $count + 1)
        end
    end
    test "$path" = "$argv[1]"; and contains -- $argv[2] -1 $count
end

# Completes folders and TOML files. Gets all files by asking fish to complete the arguments of a command that does not
# exist ('', an empty name), and keeps only folders and TOML files.
function __boticelli_narratives
    complete -C "'' "(commandline -ct) | string match -r '^[^\\t]*(?:/|\\.toml)(?=\\t|$)'
end

# Asks the program for values.
function __boticelli_dynamic
    boticelli __complete $argv[1] -- (commandline -opc)[2..-1] 2>/dev/null
end

complete -c boticelli -e
complete -c boticelli -f
${nodes.flatMap(renderCommandLines).join('\n')}
`;
}

function renderCommandLines(node: CommandNode): string[] {
  const completeAt = (count: number) => `complete -c boticelli -n "__boticelli_at '${node.path.join(' ')}' ${count}"`;
  const renderDescription = (description: string) => `-d ${quoteForShell(description)}`;
  const commands = node.commands.map(
    ({ path, description }) => `${completeAt(0)} -a ${path.at(-1)} ${renderDescription(description)}`,
  );
  const flags = node.flags.map(({ names, values, description }) => {
    const switches = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    const candidates = values ? [renderOptionValues(values)] : [];
    return [completeAt(-1), ...switches, ...candidates, renderDescription(description)].join(' ');
  });
  const positionals = node.commands.length > 0 ? [] : node.arguments;
  const values = positionals.map(
    (argument, index) => `${completeAt(argument.isVariadic ? -1 : index)} ${renderCandidates(argument.values)}`,
  );
  return [...commands, ...flags, ...values];
}

/** In fish, `-x` requires a value that is not a file; `-r -F` requires a value and completes files. */
function renderOptionValues(values: Values): string {
  return values.kind === 'files' ? '-r -F' : `-x ${renderCandidates(values)}`.trimEnd();
}

function renderCandidates(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-a ${quoteForShell(values.words.join(' '))}`;
    case 'dynamic':
      return `-a '(__boticelli_dynamic ${values.topic})'`;
    case 'narrative-files':
      return "-a '(__boticelli_narratives)'";
    case 'folders':
      return "-a '(__fish_complete_directories)'";
    case 'files':
      return '-F';
    case 'unknown':
      return '';
  }
}
