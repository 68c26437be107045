import { dirname } from 'node:path';
import { createDiagnostics } from '../toml/create-diagnostics.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import { readToml } from '../toml/read-toml.js';
import { isWithinFolder } from '../util/folder-boundary.js';
import { checkSettings } from './check-settings.js';
import { InvalidSettings } from './invalid-settings.js';
import type { FileSettings } from './settings-schema.js';
import type { SettingsFile } from './sources.js';

/**
 * Parses and checks a settings file.
 * @throws InvalidSettings with all errors of the file
 */
export async function parseSettingsFile(
  bytes: Uint8Array,
  {
    displayName,
    isFromWorkingFolder,
    path,
  }: Pick<SettingsFile, 'displayName' | 'isFromWorkingFolder'> & { path: string },
  secrets: readonly string[],
): Promise<SettingsFile> {
  const parsed = readToml(bytes);
  const { text } = parsed;
  // In someone else's folder, this file may be a link to any file of the user. Lines of that file must not be printed.
  // `isWithinFolder` resolves links, so it returns false for a link to a file outside of the folder.
  const leadsOutside = isFromWorkingFolder && !isWithinFolder(path, dirname(path));
  const createInvalidSettings = (diagnostics: Diagnostic[], hint?: string) =>
    new InvalidSettings({
      file: displayName,
      text: leadsOutside ? '' : text,
      diagnostics,
      secrets,
      ...(hint !== undefined && { hint }),
    });
  if (!parsed.ok) throw createInvalidSettings([await parsed.diagnose()]);
  const diagnostics = await createDiagnostics(checkSettings(parsed.table, isFromWorkingFolder), text);
  if (diagnostics.length > 0) throw createInvalidSettings(diagnostics);
  return {
    displayName,
    // The schema has accepted this table. The copy that the schema makes is not used, because its tables have a
    // prototype: looking up `constructor` in `[tiers]` would find a function.
    settings: parsed.table as FileSettings,
    isFromWorkingFolder,
    createError: async (problem, hint) => createInvalidSettings(await createDiagnostics([problem], text), hint),
  };
}
