import { Option } from 'commander';
import { durationMs, modelName } from '../config/flags.js';

/** How a command says what it found. */
export function format(): Option {
  return new Option('--format <format>', 'how to say it').choices(['text', 'json']).default('text');
}

/** A flag that takes a duration. */
export function duration(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(durationMs);
}

/** Gathers the models of a flag that may be given several times. */
export function modelNames(text: string, earlier: string[] = []): string[] {
  return [...earlier, modelName(text)];
}
