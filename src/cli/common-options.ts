import { Option } from 'commander';
import { durationMs, modelName, tierName } from './option-parsers.js';

/** How a command says what it found. */
export function format(): Option {
  return new Option('--format <format>', 'how to say it').choices(['text', 'json']).default('text');
}

/** The tier, where it is not the one of the settings. */
export function tier(): Option {
  return new Option('--tier <name>', 'the tier whose limits hold').argParser(tierName);
}

/** Which settings are read. */
export function settingsFile(): Option {
  return new Option('--config <file>', 'instead of ./boticelli.toml');
}

/** A flag that takes a duration. */
export function duration(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(durationMs);
}

/** Gathers the models of a flag that may be given several times. */
export function modelNames(text: string, earlier: string[] = []): string[] {
  return [...earlier, modelName(text)];
}
