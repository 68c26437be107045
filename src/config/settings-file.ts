import { diagnose } from '../toml/diagnose.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Fault } from '../toml/fault.js';
import { readToml } from '../toml/read-toml.js';
import { InvalidSettings } from './invalid-settings.js';
import { settingsFaults } from './settings-faults.js';
import type { WrittenSettings } from './settings-schema.js';

/** A settings file that is without fault when taken alone. */
export interface SettingsFile {
  /** Its name as the person knows it. */
  file: string;
  written: WrittenSettings;
  /** Whether it was just found in the working folder, which someone else may have written. */
  isFound: boolean;
  /** The error of a fault that only shows beside the other settings. */
  refusal(fault: Fault, hint?: string): Promise<InvalidSettings>;
}

/** Reads a settings file. Rejects with InvalidSettings where it has faults, every one of them. */
export async function settingsFileOf({
  file,
  bytes,
  isFound,
  secrets,
}: {
  file: string;
  bytes: Uint8Array;
  isFound: boolean;
  secrets: readonly string[];
}): Promise<SettingsFile> {
  const { text, ...read } = await readToml(bytes);
  const invalid = (diagnostics: Diagnostic[], hint?: string) =>
    new InvalidSettings({ file, text, diagnostics, secrets, ...(hint !== undefined && { hint }) });
  if ('fault' in read) throw invalid([read.fault]);
  const diagnostics = await diagnose(settingsFaults(read.table), text);
  if (diagnostics.length > 0) throw invalid(diagnostics);
  return {
    file,
    // Without fault the table is what the schema says. It is not the schema's own copy, for that has a prototype.
    written: read.table as WrittenSettings,
    isFound,
    refusal: async (fault, hint) => invalid(await diagnose([fault], text), hint),
  };
}
