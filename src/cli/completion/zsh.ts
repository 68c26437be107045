import { quoteForShell } from '../quote-for-shell.js';
import { type CommandNode, type Flag, flattenCommands, type Values } from './command-tree.js';

/**
 * Renders a completion script for zsh. The script defines one function per command, which calls zsh's `_arguments`. It
 * starts no process except the program itself, for values that only the program knows.
 */
export function renderZshCompletion(tree: CommandNode): string {
  return `#compdef boticelli
# zsh completion for boticelli. Load it, after compinit, with: source <(boticelli completion zsh)

${flattenCommands(tree).map(renderFunction).join('\n\n')}

# Asks the program for values. A tab separates a value from its description, if it has one.
_boticelli_dynamic() {
  local -a values=(\${(f)"$(boticelli __complete $1 -- "\${(@)words[2,-1]}" 2>/dev/null)"})
  values=(\${values//$'\\t'/:})
  _describe -V -t $1 $1 values
}

# If zsh autoloads this file from fpath, the file is the body of the function _boticelli.
if [[ \${funcstack[1]} == _boticelli ]]; then _boticelli "$@"; else compdef _boticelli boticelli; fi
`;
}

function functionName(path: readonly string[]): string {
  return ['_boticelli', ...path].join('_').replaceAll('-', '_');
}

function renderFunction(node: CommandNode): string {
  const quotedSpecs = [...node.flags.flatMap(renderFlagSpecs), ...renderArgumentSpecs(node)].map(
    (spec) => `    ${quoteForShell(spec)}`,
  );
  const header = `${functionName(node.path)}() {\n  local curcontext="$curcontext" state line ret=1\n  typeset -A opt_args`;
  const argumentsCall = `  _arguments -C -s -S \\\n${quotedSpecs.join(' \\\n')} && ret=0`;
  const subcommands = node.commands.length > 0 ? [renderSubcommands(node)] : [];
  return [header, argumentsCall, ...subcommands, '  return ret\n}'].join('\n');
}

function renderSubcommands({ commands }: CommandNode): string {
  const quotedDescriptions = commands.map(({ path, description }) => quoteForShell(`${path.at(-1)}:${description}`));
  const cases = commands.map(({ path }) => `        ${path.at(-1)}) ${functionName(path)} && ret=0 ;;`);
  return `  case $state in
    command)
      local -a commands=(
${quotedDescriptions.map((quotedDescription) => `        ${quotedDescription}`).join('\n')}
      )
      _describe -t commands command commands && ret=0 ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

/** Renders one spec per name of an option. Using one name excludes the others, unless the option is repeatable. */
function renderFlagSpecs({ names, description, values, isRepeatable }: Flag): string[] {
  const exclusion = isRepeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    const nameSpec = values && name.startsWith('--') ? `${name}=` : name;
    return `${exclusion}${nameSpec}[${escapeSpec(description)}]${values ? `:value:${renderAction(values)}` : ''}`;
  });
}

function renderArgumentSpecs(node: CommandNode): string[] {
  if (node.commands.length > 0) return ['1: :->command', '*:: :->rest'];
  return node.arguments.map(({ name, values, isVariadic }, index) =>
    isVariadic ? `*:${name}:${renderAction(values)}` : `${index + 1}:${name}:${renderAction(values)}`,
  );
}

function renderAction(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'dynamic':
      return `{_boticelli_dynamic ${values.topic}}`;
    case 'narrative-files':
      return '_files -g "*.toml(-.)"';
    case 'folders':
      return '_files -/';
    case 'files':
      return '_files';
    case 'unknown':
      return ' ';
  }
}

function escapeSpec(description: string): string {
  return description.replace(/[[\]:\\]/g, (character) => `\\${character}`);
}
