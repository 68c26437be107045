import type { Path, TomlValue } from '../toml/toml.js';
import { isTable, type TomlTable, valueAt } from '../toml/toml.js';
import type { EnvironmentVariable, EnvironmentVariableName } from './environment-variables.js';
import type { SettingsFile } from './parse-settings-file.js';
import type { FileSettings } from './settings-schema.js';

/** Where settings come from besides flags. */
export interface Sources {
  getVariable(name: EnvironmentVariableName): EnvironmentVariable | undefined;
  /** The one that beats the others first. */
  files: readonly SettingsFile[];
  /** Keys that no message may show. */
  secrets: readonly string[];
}

/** The first file, of those that beat the others first, in which something stands at a path. */
export function findFileWith(path: Path, files: readonly SettingsFile[]): SettingsFile | undefined {
  return files.find(({ settings }) => valueAt(settings as TomlTable, path) !== undefined);
}

/** All files as one: key by key, tables within tables, what an earlier file has beats the later ones. */
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

/** Without a prototype, as the parser's own: a tier may be called constructor. */
function createTable(): TomlTable {
  return Object.create(null);
}
