import type { Problem } from '../toml/problem.js';
import { isTable, type TomlTable, type TomlValue } from '../toml/toml.js';
import type { EnvironmentVariable, EnvironmentVariableName } from './environment-variables.js';
import type { InvalidSettings } from './invalid-settings.js';
import type { FileSettings } from './settings-schema.js';

/** The sources of settings, apart from flags. */
export interface Sources {
  getVariable(name: EnvironmentVariableName): EnvironmentVariable | undefined;
  /** Highest precedence first. */
  files: readonly SettingsFile[];
  /** API keys, which no message may show. */
  secrets: readonly string[];
}

/** A settings file without errors of its own. */
export interface SettingsFile {
  /** The file's name as the user knows it. */
  file: string;
  settings: FileSettings;
  /** Whether it was found in the working folder, which may come from someone else. */
  isFromWorkingFolder: boolean;
  /** Creates the error for a problem that depends on other settings. */
  createError(problem: Problem, hint?: string): Promise<InvalidSettings>;
}

/** Merges files, highest precedence first, key by key and table by table. Other values, arrays too, are replaced. */
export function mergeSettings(files: readonly SettingsFile[]): FileSettings {
  const tables = files.map(({ settings }) => settings as TomlTable);
  return tables.reduceRight((lower, upper) => mergeTables(lower, upper), createTable()) as FileSettings;
}

function mergeTables(lower: TomlTable, upper: TomlTable): TomlTable {
  const result = Object.assign(createTable(), lower);
  for (const [key, value] of Object.entries(upper)) result[key] = mergeValues(result[key], value);
  return result;
}

function mergeValues(lower: TomlValue | undefined, upper: TomlValue): TomlValue {
  return isTable(lower) && isTable(upper) ? mergeTables(lower, upper) : upper;
}

/** Has no prototype, like the parser's tables: a tier may be named `constructor`. */
function createTable(): TomlTable {
  return Object.create(null);
}
