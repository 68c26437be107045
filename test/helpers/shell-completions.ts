import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './boticelli.js';

/** The shells with a completion script. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Whether the shell is installed. */
export function isInstalled(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

export interface CompletionOptions {
  shell: Shell;
  /** The output of `boticelli completion`. */
  script: string;
  /** Command lines, completed with the cursor at their end. */
  lines: readonly string[];
  /** The working folder. */
  folder: string;
  /** An empty folder, into which `collectCompletions` writes its scripts. */
  scriptFolder: string;
  /** The folder of `boticelli.db`. */
  stateFolder: string;
}

/** Returns the completions that a real shell offers for each line. */
export function collectCompletions({
  shell,
  script,
  lines,
  folder,
  scriptFolder,
  stateFolder,
}: CompletionOptions): Map<string, string[]> {
  const path = (name: string) => join(scriptFolder, name);
  writeFileSync(path('script'), script);
  writeFileSync(path('lines'), `${lines.join('\n')}\n`);
  writeFileSync(path('harness'), harness[shell]);
  // The completion scripts call the program by its name, so PATH must have a program of that name.
  writeFileSync(path('boticelli'), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const flags = { bash: [], zsh: ['-f'], fish: ['--no-config'] }[shell];
  const args = [...flags, path('harness')];
  const env = {
    PATH: `${scriptFolder}:${process.env.PATH}`,
    HOME: scriptFolder,
    TERM: 'xterm',
    SCRIPT_FOLDER: scriptFolder,
  };
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd: folder,
    env: { ...env, BOTICELLI_STATE_DIR: stateFolder },
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status !== 0 || stderr !== '') throw new Error(`${shell} ended with ${status}: ${stderr}`);
  const sections = stdout.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [line = '', ...completions] = section.split('\n');
      return [line, completions.filter((word) => word !== '').map(normalizeCompletion)] as const;
    }),
  );
}

/** Removes what shells write differently: the `/` or `=` at the end of a completion, and escaped spaces. */
function normalizeCompletion(word: string): string {
  return word.replace(/[/=]$/, '').replaceAll('\\ ', ' ');
}

const bash = String.raw`
source "$SCRIPT_FOLDER/script"
[[ $(complete -p boticelli) =~ -F\ ([^ ]+) ]] || exit 3
while IFS= read -r line; do
  echo "## $line"
  # As readline splits a line: a "=" is a separate word.
  COMP_WORDS=(\${line//=/ = })
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  "\${BASH_REMATCH[1]}"
  printf '%s\n' "\${COMPREPLY[@]}"
done < "$SCRIPT_FOLDER/lines"
`.replaceAll('\\$', '$');

/** Uses fish's own command for completion. */
const fish = String.raw`
source "$SCRIPT_FOLDER/script"
while read -l line
    echo "## $line"
    complete -C "$line" | string replace -r '\t.*' ''
end < "$SCRIPT_FOLDER/lines"
`;

/**
 * Runs an interactive zsh in a pseudoterminal, completes each line, and records the matches that compadd adds. With -O,
 * -A or -D, compadd only computes matches and adds none, so nothing is recorded.
 */
const zsh = String.raw`
cat > "$SCRIPT_FOLDER/inner" <<'END'
PROMPT= ; autoload -Uz compinit; compinit -D -u; source "$SCRIPT_FOLDER/script"
compadd() {
  local -a hits
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || {
    builtin compadd -O hits "$@"; print -rl -- $hits >> "$SCRIPT_FOLDER/out"
  }
  builtin compadd "$@"
}
ask-all() {
  local line
  for line in "\${(@f)$(<"$SCRIPT_FOLDER/lines")}"; do
    print -r -- "## $line" >> "$SCRIPT_FOLDER/out"
    BUFFER=$line CURSOR=$#line
    # Otherwise zsh may remove the space at the end of the line as the suffix of the previous completion.
    zle auto-suffix-retain
    zle complete-word
  done
  exit
}
zle -N ask-all; bindkey '^X' ask-all
END
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'source "$SCRIPT_FOLDER/inner"'
zpty -w -n inner $'\x18'
while zpty -r inner chunk; do :; done
cat "$SCRIPT_FOLDER/out"
`.replaceAll('\\$', '$');

const harness: Record<Shell, string> = { bash, zsh, fish };
