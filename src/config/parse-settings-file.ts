import { createDiagnostics } from '../toml/create-diagnostics.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Problem } from '../toml/problem.js';
import { readToml } from '../toml/read-toml.js';
import { checkSettings } from './check-settings.js';
import { InvalidSettings } from './invalid-settings.js';
import type { FileSettings } from './settings-schema.js';

/** A settings file that is without fault when taken alone. */
export interface SettingsFile {
  /** Its name as the person knows it. */
  file: string;
  settings: FileSettings;
  /** Whether it was just found in the working folder, which someone else may have written. */
  isFromWorkingFolder: boolean;
  /** The error of a fault that only shows beside the other settings. */
  createError(problem: Problem, hint?: string): Promise<InvalidSettings>;
}

/** Reads a settings file. Rejects with InvalidSettings where it has faults, every one of them. */
export async function parseSettingsFile({
  file,
  bytes,
  isFromWorkingFolder,
  secrets,
}: {
  file: string;
  bytes: Uint8Array;
  isFromWorkingFolder: boolean;
  secrets: readonly string[];
}): Promise<SettingsFile> {
  const { text, ...parsed } = await readToml(bytes);
  const createInvalidSettings = (diagnostics: Diagnostic[], hint?: string) =>
    new InvalidSettings({ file, text, diagnostics, secrets, ...(hint !== undefined && { hint }) });
  if ('diagnostic' in parsed) throw createInvalidSettings([parsed.diagnostic]);
  const diagnostics = await createDiagnostics(checkSettings(parsed.table), text);
  if (diagnostics.length > 0) throw createInvalidSettings(diagnostics);
  return {
    file,
    // Without fault the table is what the schema says. It is not the schema's own copy, for that has a prototype.
    settings: parsed.table as FileSettings,
    isFromWorkingFolder,
    createError: async (problem, hint) => createInvalidSettings(await createDiagnostics([problem], text), hint),
  };
}
