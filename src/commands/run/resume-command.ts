import type { Host } from '../../cli/process.js';
import { BoticelliError } from '../../errors.js';
import type { RunOptions } from './run.js';

/** Throws `usage` where the flags of resuming do not go together. */
export function assertResumable({ resume, from, rehearse }: RunOptions): void {
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
export function goingOn({ argv, env }: Pick<Host, 'argv' | 'env'>): string {
  const given = argv.slice(2);
  const command = [...programOf(env), ...withResume(withoutFrom(given))].map(quotedForShell).join(' ');
  return given.includes('-')
    ? `Go on, with the same narrative on standard input: ${command}`
    : `Go on with: ${command}`;
}

/** `npx boticelli` where that is how it was started: npm says so to what it runs (docs.npmjs.com, environment of npm exec). */
function programOf({ npm_command: npmCommand }: Host['env']): string[] {
  return npmCommand === 'exec' ? ['npx', 'boticelli'] : ['boticelli'];
}

function withoutFrom(given: readonly string[]): string[] {
  return given.filter((word, at) => word !== '--from' && given[at - 1] !== '--from' && !word.startsWith('--from='));
}

/** What follows a `--` is no flag any more. */
function withResume(given: readonly string[]): string[] {
  if (given.includes('--resume')) return [...given];
  const end = given.indexOf('--');
  return end === -1 ? [...given, '--resume'] : [...given.slice(0, end), '--resume', ...given.slice(end)];
}

function quotedForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
