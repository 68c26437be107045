import { quoteForShell } from '../quote-for-shell.js';
import { type CommandNode, flagsWithValues, flattenCommands, type Values } from './command-tree.js';

/**
 * Renders a completion script for bash 3.2 (the version in macOS) and later. The script uses neither associative arrays
 * nor mapfile, which bash 3.2 lacks. It starts no process except the program itself, for values that only the program
 * knows. In the script, `$path` is the command typed so far, and `$count` is the number of arguments after it.
 */
export function renderBashCompletion(tree: CommandNode): string {
  const nodes = flattenCommands(tree);
  return `# bash completion for boticelli. Load it with: eval "$(boticelli completion bash)"

# Sets $values to the completions of an option's value; fails if the option takes none.
_boticelli_flag_values() {
  case "$path $1" in
${nodes.flatMap((node) => flagsWithValues(node).map((flag) => `    ${renderPatterns(node, flag.names)}) ${renderAssignment(flag.values)} ;;`)).join('\n')}
    *) return 1 ;;
  esac
}

# Sets $values to the completions of the next argument.
_boticelli_argument_values() {
  case "$path $count" in
${nodes.flatMap(renderArgumentCases).join('\n')}
    *) values= ;;
  esac
}

# Sets $values to the options of the command.
_boticelli_flags() {
  case "$path" in
${nodes.map((node) => `    ${quoteForShell(node.path.join(' '))}) values=${quoteForShell(node.flags.flatMap(({ names }) => names).join(' '))} ;;`).join('\n')}
  esac
}

# Sets $path to the subcommand of this name; fails if there is none.
_boticelli_step() {
  case "$path $1" in
${nodes.slice(1).map(renderStepCase).join('\n')}
    *) return 1 ;;
  esac
}
${staticScript}`;
}

function renderStepCase({ path }: CommandNode): string {
  const step = [path.slice(0, -1).join(' '), path.at(-1)].join(' ');
  return `    ${quoteForShell(step)}) path=${quoteForShell(path.join(' '))} ;;`;
}

function renderPatterns({ path }: CommandNode, names: readonly string[]): string {
  return names.map((name) => quoteForShell(`${path.join(' ')} ${name}`)).join('|');
}

function renderArgumentCases(node: CommandNode): string[] {
  const path = node.path.join(' ');
  const commands = node.commands.map((command) => command.path.at(-1)).join(' ');
  if (commands !== '') return [`    ${quoteForShell(`${path} 0`)}) values=${quoteForShell(commands)} ;;`];
  return node.arguments.map(({ values, isVariadic }, index) => {
    const pattern = isVariadic ? `${quoteForShell(`${path} `)}*` : quoteForShell(`${path} ${index}`);
    return `    ${pattern}) ${renderAssignment(values)} ;;`;
  });
}

/** Renders the assignment of `values`: the words, or a slash and the kind of values. No word starts with a slash. */
function renderAssignment(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `values=${quoteForShell(values.words.join(' '))}`;
    case 'dynamic':
      return `values=${quoteForShell(`/dynamic-${values.topic}`)}`;
    case 'narrative-files':
    case 'folders':
    case 'files':
      return `values=${quoteForShell(`/${values.kind}`)}`;
    case 'unknown':
      return 'values=';
  }
}

const staticScript = `
# Completes files. With \`filenames\`, bash 4 and later escape file names and add a slash to folders.
_boticelli_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  case "$1" in
    /narrative-files) COMPREPLY=($(compgen -d -- "$cur") $(compgen -f -X '!*.toml' -- "$cur")) ;;
    /folders) COMPREPLY=($(compgen -d -- "$cur")) ;;
    /files) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}

# Asks the program for values. The program prints none that bash would split or expand.
_boticelli_dynamic() {
  local line
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    [[ $line == "$cur"* ]] && COMPREPLY+=("$line")
  done < <(boticelli __complete "\${1#/dynamic-}" -- "\${COMP_WORDS[@]:1}" 2>/dev/null)
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
  if [[ $values == /dynamic-* ]]; then _boticelli_dynamic "$values"
  elif [[ $values == /* ]]; then _boticelli_files "$values"
  else COMPREPLY=($(compgen -W "$values" -- "$cur"))
  fi
}

complete -F _boticelli boticelli
`;
