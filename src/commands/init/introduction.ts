import type { CliProcess } from '../../cli/process.js';
import { detectProgram } from '../../cli/program-name.js';

/** Returns what the program prints without arguments: the three commands to begin with. */
export function renderIntroduction(env: CliProcess['env']): string {
  const program = detectProgram(env).join(' ');
  return `Run multi-step prompts from a TOML file on Google's Gemini. To begin:

  ${program} init                           write a first narrative
  ${program} run narrative.toml --rehearse  see its prompts, without a key
  ${program} run narrative.toml             run it, with an API key in GEMINI_API_KEY

All commands: ${program} --help
`;
}
