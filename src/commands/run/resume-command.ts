import type { CliProcess } from '../../cli/process.js';
import { detectProgram } from '../../cli/program-name.js';
import { quoteForShell } from '../../cli/quote-for-shell.js';

/**
 * Returns a line with the command that resumes the run, for a POSIX shell: the same command with `--resume` added, and
 * with `--from` removed, because it would request again the replies that this run has already received.
 *
 * @param hasReadStdinText whether `{{stdin}}` of a narrative has read standard input
 */
export function createResumeHint({ argv, env }: Pick<CliProcess, 'argv' | 'env'>, hasReadStdinText: boolean): string {
  const args = argv.slice(2);
  const command = [...detectProgram(env), ...createResumingArguments(args)].map(formatWord).join(' ');
  const usesStdin = hasReadStdinText || args.includes('-') || args.includes('--each=-');
  return usesStdin ? `Resume with the same standard input: ${command}` : `Resume with: ${command}`;
}

/** Changes only what precedes `--`, because everything after it is a file. */
function createResumingArguments(args: readonly string[]): string[] {
  const separatorIndex = args.indexOf('--');
  const end = separatorIndex === -1 ? args.length : separatorIndex;
  const flags = removeFlag(args.slice(0, end), '--from');
  return [...flags, ...(flags.includes('--resume') ? [] : ['--resume']), ...args.slice(end)];
}

/** Removes a flag and its value. */
function removeFlag(args: readonly string[], flag: string): string[] {
  return args.filter((arg, index) => arg !== flag && args[index - 1] !== flag && !arg.startsWith(`${flag}=`));
}

function formatWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoteForShell(word);
}
