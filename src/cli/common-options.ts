import { Option } from 'commander';
import type { SettingsFlags } from '../config/settings.js';
import { collectVariable, collectVariableFile, parsePositiveDurationMs, parseTierName } from './option-parsers.js';

/** The options that choose the settings file, and those that override what it sets. */
export interface SettingsFlagOptions extends SettingsFlags {
  /** The settings file to read instead of `./boticelli.toml`. */
  config?: string;
}

/** The option that chooses the format of what a command prints. */
export interface FormatOptions {
  format: 'text' | 'json';
}

/** Creates `--format`. */
export function formatOption(): Option {
  return new Option('--format <format>', 'output format').choices(['text', 'json']).default('text');
}

/** Creates `--tier`. */
export function tierOption(): Option {
  return new Option('--tier <name>', 'rate-limit tier of your project').argParser(parseTierName);
}

/** Creates `--config`. */
export function configOption(): Option {
  return new Option('--config <file>', 'settings file instead of ./boticelli.toml');
}

/** Creates the options of `VariableOptions`. */
export function variableOptions() {
  return {
    var: new Option('--var <key=value>', 'value for {{vars.key}}; repeatable').argParser(collectVariable),
    varFile: new Option('--var-file <key=path>', 'text file for {{vars.key}}; repeatable').argParser(
      collectVariableFile,
    ),
    vars: new Option('--vars <file>', 'variables from a JSON or TOML file'),
  };
}

/** Creates `--yes`. */
export function yesOption(): Option {
  return new Option('--yes', 'skip the confirmation');
}

/** Creates an option whose value is a positive duration. The parsed value is in milliseconds. */
export function durationOption(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(parsePositiveDurationMs);
}

/** Lists options under a heading of their own in the help, and returns them. */
export function inHelpGroup<Options extends Record<string, Option | readonly Option[]>>(
  heading: string,
  options: Options,
): Options {
  for (const option of Object.values(options).flat()) option.helpGroup(heading);
  return options;
}
