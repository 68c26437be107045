import { allCommands, type CommandNode, type Flag, type Values } from './command-tree.js';
import { quoted } from './shell-words.js';

/** A completion script for zsh, through its `_arguments`: a function for each command. It starts no process. */
export function zshCompletion(tree: CommandNode): string {
  return `#compdef boticelli
# zsh completion for boticelli. Load it, after compinit, with: source <(boticelli completion zsh)

${allCommands(tree).map(functionOf).join('\n\n')}

# In a file of fpath this is the body of the function itself.
if [[ \${funcstack[1]} == _boticelli ]]; then _boticelli "$@"; else compdef _boticelli boticelli; fi
`;
}

function nameOf(path: readonly string[]): string {
  return ['_boticelli', ...path].join('_').replaceAll('-', '_');
}

function functionOf(node: CommandNode): string {
  const specs = [...node.flags.flatMap(flagSpecs), ...argumentSpecs(node)].map((spec) => `    ${quoted(spec)}`);
  const head = `${nameOf(node.path)}() {\n  local curcontext="$curcontext" state line ret=1\n  typeset -A opt_args`;
  const parse = `  _arguments -C -s -S \\\n${specs.join(' \\\n')} && ret=0`;
  return [head, parse, ...(node.commands.length > 0 ? [branches(node)] : []), '  return ret\n}'].join('\n');
}

function branches({ commands }: CommandNode): string {
  const described = commands.map(({ path, description }) => quoted(`${path.at(-1)}:${description}`));
  const cases = commands.map(({ path }) => `        ${path.at(-1)}) ${nameOf(path)} && ret=0 ;;`);
  return `  case $state in
    command)
      local -a commands=(
${described.map((each) => `        ${each}`).join('\n')}
      )
      _describe -t commands command commands && ret=0 ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

/** A spec for each way to write a flag; after one of them the others are offered no more. */
function flagSpecs({ names, description, values, isRepeatable }: Flag): string[] {
  const excluded = isRepeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    const taken = values && name.startsWith('--') ? `${name}=` : name;
    return `${excluded}${taken}[${escaped(description)}]${values ? `:value:${action(values)}` : ''}`;
  });
}

function argumentSpecs(node: CommandNode): string[] {
  if (node.commands.length > 0) return ['1: :->command', '*:: :->rest'];
  return node.arguments.map(({ name, values, isVariadic }, index) =>
    isVariadic ? `*:${name}:${action(values)}` : `${index + 1}:${name}:${action(values)}`,
  );
}

function action(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'narratives':
      return '_files -g "*.toml(-.)"';
    case 'folders':
      return '_files -/';
    case 'files':
      return '_files';
    case 'unknown':
      return ' ';
  }
}

function escaped(description: string): string {
  return description.replace(/[[\]:\\]/g, (character) => `\\${character}`);
}
