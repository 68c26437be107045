import type { CliProcess } from './process.js';

/**
 * Returns the words that start this program. For a program that npx starts, npm sets `npm_command` to `exec`
 * (docs.npmjs.com, environment of npm exec).
 */
export function detectProgram({ npm_command: npmCommand }: CliProcess['env']): string[] {
  return npmCommand === 'exec' ? ['npx', 'boticelli'] : ['boticelli'];
}
