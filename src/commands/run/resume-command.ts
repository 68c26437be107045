import type { CliProcess } from '../../cli/process.js';
import { BoticelliError } from '../../errors.js';
import type { RunOptions } from './run.js';

/** Throws `usage` where the flags of resuming do not go together. */
export function assertResumeFlags({ resume, from, rehearse }: RunOptions): void {
  if (resume && rehearse) {
    throw new BoticelliError('usage', '--rehearse and --resume do not go together: a rehearsal asks nobody', {
      hint: 'Leave one of them out.',
    });
  }
  if (from === undefined || resume) return;
  throw new BoticelliError('usage', '--from says where --resume begins to ask again, and there is no --resume', {
    hint: 'Add --resume.',
  });
}

/**
 * How a run that ended early goes on, in words: the very command that was given, for a POSIX shell, with `--resume`. What
 * `--from` had asked again is answered by now, so that is left out.
 */
export function formatResumeHint({ argv, env }: Pick<CliProcess, 'argv' | 'env'>): string {
  const args = argv.slice(2);
  const command = [...detectProgram(env), ...addResumeFlag(removeFromFlag(args))].map(quoteForShell).join(' ');
  return args.includes('-') ? `Go on, with the same narrative on standard input: ${command}` : `Go on with: ${command}`;
}

/** `npx boticelli` where that is how it was started: npm says so to what it runs (docs.npmjs.com, environment of npm exec). */
function detectProgram({ npm_command: npmCommand }: CliProcess['env']): string[] {
  return npmCommand === 'exec' ? ['npx', 'boticelli'] : ['boticelli'];
}

function removeFromFlag(args: readonly string[]): string[] {
  return args.filter((arg, index) => arg !== '--from' && args[index - 1] !== '--from' && !arg.startsWith('--from='));
}

/** What follows a `--` is no flag any more. */
function addResumeFlag(args: readonly string[]): string[] {
  if (args.includes('--resume')) return [...args];
  const separatorIndex = args.indexOf('--');
  return separatorIndex === -1
    ? [...args, '--resume']
    : [...args.slice(0, separatorIndex), '--resume', ...args.slice(separatorIndex)];
}

function quoteForShell(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
