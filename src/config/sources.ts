import type { Path, TomlValue } from '../toml/toml.js';
import { isTable, type TomlTable, valueAt } from '../toml/toml.js';
import type { SettingsFile } from './settings-file.js';
import type { WrittenSettings } from './settings-schema.js';
import type { Variable, VariableName } from './variables.js';

/** Where settings come from besides flags. */
export interface Sources {
  variable(name: VariableName): Variable | undefined;
  /** The one that beats the others first. */
  files: readonly SettingsFile[];
  /** Keys that no message may show. */
  secrets: readonly string[];
}

/** The first file, of those that beat the others first, in which something stands at a path. */
export function fileWith(path: Path, files: readonly SettingsFile[]): SettingsFile | undefined {
  return files.find(({ written }) => valueAt(written as TomlTable, path) !== undefined);
}

/** All files as one: key by key, tables within tables, what an earlier file has beats the later ones. */
export function mergedSettings(files: readonly SettingsFile[]): WrittenSettings {
  const tables = files.map(({ written }) => written as TomlTable);
  return tables.reduceRight((lower, upper) => merged(lower, upper), emptyTable()) as WrittenSettings;
}

function merged(lower: TomlTable, upper: TomlTable): TomlTable {
  const both = Object.assign(emptyTable(), lower);
  for (const [key, value] of Object.entries(upper)) both[key] = mergedValue(both[key], value);
  return both;
}

function mergedValue(lower: TomlValue | undefined, upper: TomlValue): TomlValue {
  return isTable(lower) && isTable(upper) ? merged(lower, upper) : upper;
}

/** Without a prototype, as the parser's own: a tier may be called constructor. */
function emptyTable(): TomlTable {
  return Object.create(null);
}
