import { InvalidSettings } from '../config/invalid-settings.js';
import { resolveSettings } from '../config/resolve-settings.js';
import type { Settings, SettingsFlags } from '../config/settings.js';
import { findAllowedFolder } from '../config/trust/allowed-folder.js';
import type { AllowedFolder } from '../narrative/narrative.js';
import type { Colors } from '../terminal/text/colors.js';
import type { SettingsFlagOptions } from './common-options.js';
import type { CliProcess } from './process.js';
import { reportDiagnostics } from './report-diagnostics.js';
import { createWarn } from './stderr.js';
import { getWorkingFolder } from './working-folder.js';

/** Loads the settings, and prints the errors of a settings file on standard error. @throws BoticelliError */
export async function loadSettings(
  options: SettingsFlagOptions,
  proc: CliProcess,
  colors: Colors,
  warn = createWarn(proc, colors),
): Promise<Settings> {
  const { config, tier, rpm, tpm, rpd, maxConcurrent, fallback } = options;
  const givenFlags = Object.entries({ tier, rpm, tpm, rpd, maxConcurrent, fallback }).filter(
    ([, value]) => value !== undefined,
  );
  const flags = Object.fromEntries(givenFlags) as SettingsFlags;
  return reportInvalidSettings(proc, colors, () => resolveSettings({ ...locateSettings(config, proc), warn, flags }));
}

/**
 * Returns the only folder from which narratives may read files, or undefined if they may read any file. See
 * `AllowedFolder` for the reason. Prints the errors of a settings file.
 *
 * @throws BoticelliError `invalid_config` for a settings file with errors
 */
export async function loadAllowedFolder(
  { config }: Pick<SettingsFlagOptions, 'config'>,
  proc: CliProcess,
  colors: Colors,
): Promise<AllowedFolder | undefined> {
  return reportInvalidSettings(proc, colors, async () => {
    // If the current folder no longer exists, it has no settings either.
    const location = tryLocateSettings(config, proc);
    return location && findAllowedFolder(location);
  });
}

function locateSettings(config: string | undefined, proc: CliProcess) {
  const workingFolder = getWorkingFolder(proc);
  return { environment: proc.env, workingFolder, ...(config !== undefined && { configFile: config }) };
}

function tryLocateSettings(config: string | undefined, proc: CliProcess) {
  try {
    return locateSettings(config, proc);
  } catch {
    return undefined;
  }
}

async function reportInvalidSettings<Result>(
  proc: CliProcess,
  colors: Colors,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof InvalidSettings)
      reportDiagnostics(thrown, { proc, colors, printLines: (lines) => proc.stderr.write(`${lines}\n`) });
    throw thrown;
  }
}
