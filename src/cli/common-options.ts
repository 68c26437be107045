import { Option } from 'commander';
import { parseModelName, parsePositiveDurationMs, parseTierName } from './option-parsers.js';

/** How a command says what it found. */
export function formatOption(): Option {
  return new Option('--format <format>', 'how to say it').choices(['text', 'json']).default('text');
}

/** The tier, where it is not the one of the settings. */
export function tierOption(): Option {
  return new Option('--tier <name>', 'the tier whose limits hold').argParser(parseTierName);
}

/** Which settings are read. */
export function configOption(): Option {
  return new Option('--config <file>', 'instead of ./boticelli.toml');
}

/** A flag that takes a duration. */
export function durationOption(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(parsePositiveDurationMs);
}

/** Gathers the models of a flag that may be given several times. */
export function collectModelName(text: string, previous: string[] = []): string[] {
  return [...previous, parseModelName(text)];
}
