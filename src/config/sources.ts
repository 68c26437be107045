import type { Problem } from '../toml/problem.js';
import { isTable, type TomlTable } from '../toml/toml.js';
import type { VariableLookup } from './environment-variables.js';
import type { InvalidSettings } from './invalid-settings.js';
import type { FileSettings } from './settings-schema.js';
import type { FolderTrust } from './trust/folder-trust.js';

/** The sources of settings, apart from flags. */
export interface Sources {
  getVariable: VariableLookup;
  /** Highest precedence first. */
  files: readonly SettingsFile[];
  /** API keys, which must not appear in any message. */
  secrets: readonly string[];
  trust: FolderTrust;
  /** Whether the `.env` of the working folder is a link to a file outside of it. */
  isDotEnvLinkedOutside: boolean;
}

/** A settings file that is valid by itself. It may still contradict other settings. */
export interface SettingsFile {
  /** The file's name as the user knows it, for messages. */
  displayName: string;
  settings: FileSettings;
  /** Whether the file was found in the working folder, whose content may come from someone else. */
  isFromWorkingFolder: boolean;
  /** Creates the error for a problem that depends on other settings. */
  createError(problem: Problem, hint?: string): Promise<InvalidSettings>;
}

/**
 * Merges files, highest precedence first. Tables are merged key by key; any other value, including an array, replaces
 * the value of lower precedence.
 */
export function mergeSettings(files: readonly SettingsFile[]): FileSettings {
  const tables = files.map(({ settings }) => settings as TomlTable);
  return tables.reduceRight(mergeTables, Object.create(null)) as FileSettings;
}

/** Merges two tables. Like the parser's tables, the result has no prototype: a tier may be named `constructor`. */
function mergeTables(lower: TomlTable, upper: TomlTable): TomlTable {
  const result: TomlTable = Object.assign(Object.create(null), lower);
  for (const [key, value] of Object.entries(upper)) {
    const lowerValue = result[key];
    result[key] = isTable(lowerValue) && isTable(value) ? mergeTables(lowerValue, value) : value;
  }
  return result;
}
