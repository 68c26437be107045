import type { CliProcess } from '../../cli/process.js';
import { detectProgram } from '../../cli/program-name.js';
import { quoteForShell } from '../../cli/quote-for-shell.js';

/**
 * Returns a line with the command that resumes the run, for a POSIX shell: the same command with `--resume` added, and
 * with `--from` removed, because it would request again the replies that this run has already received.
 */
export function createResumeHint({ argv, env }: Pick<CliProcess, 'argv' | 'env'>): string {
  const args = argv.slice(2);
  const command = [...detectProgram(env), ...addResumeFlag(removeFlag(args, '--from'))].map(formatWord).join(' ');
  return args.includes('-') ? `Resume with the same standard input: ${command}` : `Resume with: ${command}`;
}

/** Removes a flag and its value. */
function removeFlag(args: readonly string[], flag: string): string[] {
  return args.filter((arg, index) => arg !== flag && args[index - 1] !== flag && !arg.startsWith(`${flag}=`));
}

/** Adds `--resume` before `--`, because everything after `--` is an argument. */
function addResumeFlag(args: readonly string[]): string[] {
  if (args.includes('--resume')) return [...args];
  const separatorIndex = args.indexOf('--');
  const end = separatorIndex === -1 ? args.length : separatorIndex;
  return [...args.slice(0, end), '--resume', ...args.slice(end)];
}

function formatWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoteForShell(word);
}
