import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The shells that completion scripts are for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Whether the shell is on this machine. */
export function isInstalled(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

export interface CompletionOptions {
  shell: Shell;
  /** What `boticelli completion` printed. */
  script: string;
  /** What a person has typed before pressing TAB, each line with the cursor at its end. */
  lines: readonly string[];
  /** Where they are typed. */
  folder: string;
  /** An empty folder, elsewhere. */
  harnessFolder: string;
}

/** What a real shell offers for each line. */
export function collectCompletions({
  shell,
  script,
  lines,
  folder,
  harnessFolder,
}: CompletionOptions): Map<string, string[]> {
  const path = (name: string) => join(harnessFolder, name);
  writeFileSync(path('script'), script);
  writeFileSync(path('lines'), `${lines.join('\n')}\n`);
  writeFileSync(path('harness'), harness[shell]);
  const flags = { bash: [], zsh: ['-f'], fish: ['--no-config'] }[shell];
  const args = [...flags, path('harness')];
  const env = { PATH: process.env.PATH ?? '', HOME: harnessFolder, TERM: 'xterm', HARNESS: harnessFolder };
  const { stdout, stderr, status } = spawnSync(shell, args, { cwd: folder, env, encoding: 'utf8', timeout: 20_000 });
  if (status !== 0 || stderr !== '') throw new Error(`${shell} ended with ${status}: ${stderr}`);
  const sections = stdout.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [line = '', ...completions] = section.split('\n');
      return [line, completions.filter((word) => word !== '').map(normalizeCompletion)] as const;
    }),
  );
}

/** How the end of a folder and a space in a name are shown differs from shell to shell, and is no matter here. */
function normalizeCompletion(word: string): string {
  return word.replace(/[/=]$/, '').replaceAll('\\ ', ' ');
}

const bash = String.raw`
source "$HARNESS/script"
[[ $(complete -p boticelli) =~ -F\ ([^ ]+) ]] || exit 3
while IFS= read -r line; do
  echo "## $line"
  # As readline splits a line: a "=" is a word of its own.
  COMP_WORDS=(\${line//=/ = })
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  "\${BASH_REMATCH[1]}"
  printf '%s\n' "\${COMPREPLY[@]}"
done < "$HARNESS/lines"
`.replaceAll('\\$', '$');

/** fish's own command for it. */
const fish = String.raw`
source "$HARNESS/script"
while read -l line
    echo "## $line"
    complete -C "$line" | string replace -r '\t.*' ''
end < "$HARNESS/lines"
`;

/** An interactive zsh in a terminal of its own, whose completion is asked for each line and overheard at compadd. */
const zsh = String.raw`
cat > "$HARNESS/inner" <<'END'
PROMPT= ; autoload -Uz compinit; compinit -D -u; source "$HARNESS/script"
compadd() {
  local -a hits
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || { builtin compadd -O hits "$@"; print -rl -- $hits >> "$HARNESS/out" }
  builtin compadd "$@"
}
ask-all() {
  local line
  for line in "\${(@f)$(<"$HARNESS/lines")}"; do
    print -r -- "## $line" >> "$HARNESS/out"
    BUFFER=$line CURSOR=$#line
    zle complete-word
  done
  exit
}
zle -N ask-all; bindkey '^X' ask-all
END
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'source "$HARNESS/inner"'
zpty -w -n inner $'\x18'
while zpty -r inner chunk; do :; done
cat "$HARNESS/out"
`.replaceAll('\\$', '$');

const harness: Record<Shell, string> = { bash, zsh, fish };
