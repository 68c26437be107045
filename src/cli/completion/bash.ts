import { type CommandNode, flattenCommands, type Values } from './command-tree.js';
import { flagsWithValues, quoteWord } from './shell-words.js';

/**
 * A completion script for bash, from 3.2 on, the one of macOS: no associative arrays, no mapfile. It starts no process.
 * `$path` is the command that stands on the line so far, `$count` how many arguments follow it.
 */
export function renderBashCompletion(tree: CommandNode): string {
  const nodes = flattenCommands(tree);
  return `# bash completion for boticelli. Load it with: eval "$(boticelli completion bash)"

# Sets values to what a flag takes; fails for a flag that takes nothing.
_boticelli_flag_values() {
  case "$path $1" in
${nodes.flatMap((node) => flagsWithValues(node).map((flag) => `    ${renderPatterns(node, flag.names)}) ${renderAssignment(flag.values)} ;;`)).join('\n')}
    *) return 1 ;;
  esac
}

# Sets values to what the next argument may be.
_boticelli_argument_values() {
  case "$path $count" in
${nodes.flatMap(renderArgumentCases).join('\n')}
    *) values= ;;
  esac
}

# Sets values to the flags.
_boticelli_flags() {
  case "$path" in
${nodes.map((node) => `    ${quoteWord(node.path.join(' '))}) values=${quoteWord(node.flags.flatMap(({ names }) => names).join(' '))} ;;`).join('\n')}
  esac
}

# Steps into the command of that name, if there is one here.
_boticelli_step() {
  case "$path $1" in
${nodes
  .slice(1)
  .map(
    ({ path }) =>
      `    ${quoteWord([path.slice(0, -1).join(' '), path.at(-1)].join(' '))}) path=${quoteWord(path.join(' '))} ;;`,
  )
  .join('\n')}
    *) return 1 ;;
  esac
}
${staticScript}`;
}

function renderPatterns({ path }: CommandNode, names: readonly string[]): string {
  return names.map((name) => quoteWord(`${path.join(' ')} ${name}`)).join('|');
}

function renderArgumentCases(node: CommandNode): string[] {
  const path = node.path.join(' ');
  const commands = node.commands.map((command) => command.path.at(-1)).join(' ');
  if (commands !== '') return [`    ${quoteWord(`${path} 0`)}) values=${quoteWord(commands)} ;;`];
  return node.arguments.map(({ values, isVariadic }, index) => {
    const pattern = isVariadic ? `${quoteWord(`${path} `)}*` : quoteWord(`${path} ${index}`);
    return `    ${pattern}) ${renderAssignment(values)} ;;`;
  });
}

/** Words are themselves; files are marked by a leading slash, which no word has. */
function renderAssignment(values: Values | undefined): string {
  if (values?.kind === 'words') return `values=${quoteWord(values.words.join(' '))}`;
  return `values=${values === undefined || values.kind === 'unknown' ? '' : quoteWord(`/${values.kind}`)}`;
}

const staticScript = `
# Offers names of files: with \`filenames\` bash escapes them and puts a slash behind folders (from bash 4 on).
_boticelli_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  case "$1" in
    /narratives) COMPREPLY=($(compgen -d -- "$cur") $(compgen -f -X '!*.toml' -- "$cur")) ;;
    /folders) COMPREPLY=($(compgen -d -- "$cur")) ;;
    /files) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}

_boticelli() {
  local IFS=$' \\t\\n' path= count=0 values= word i only_arguments= cur=\${COMP_WORDS[COMP_CWORD]} flag=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $only_arguments ]]; then ((count++))
    elif [[ $word == -- ]]; then only_arguments=1
    elif [[ $word == -?* ]]; then
      # bash splits --flag=value into three words.
      if _boticelli_flag_values "$word"; then
        [[ \${COMP_WORDS[i + 1]} == = ]] && ((i++))
        ((++i >= COMP_CWORD)) && flag=$word
      fi
    elif ((count == 0)) && _boticelli_step "$word"; then :
    else ((count++))
    fi
  done
  [[ $cur == = ]] && cur=
  if [[ -n $flag ]]; then _boticelli_flag_values "$flag"
  elif [[ -z $only_arguments && $cur == -* ]]; then _boticelli_flags
  else _boticelli_argument_values
  fi
  if [[ $values == /* ]]; then _boticelli_files "$values"
  else COMPREPLY=($(compgen -W "$values" -- "$cur"))
  fi
}

complete -F _boticelli boticelli
`;
