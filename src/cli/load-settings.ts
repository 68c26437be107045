import { InvalidSettings } from '../config/invalid-settings.js';
import { resolveSettings } from '../config/resolve-settings.js';
import type { Settings, SettingsFlags } from '../config/settings.js';
import { BoticelliError } from '../errors.js';
import type { Colors } from '../terminal/text/colors.js';
import type { SettingsFlagOptions } from './common-options.js';
import type { CliProcess } from './process.js';
import { reportDiagnostics } from './report-diagnostics.js';
import { createWarn } from './stderr.js';

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
  try {
    return await resolveSettings({
      environment: proc.env,
      workingFolder: getWorkingFolder(proc),
      ...(config !== undefined && { configFile: config }),
      warn,
      flags: Object.fromEntries(givenFlags) as SettingsFlags,
    });
  } catch (thrown) {
    if (thrown instanceof InvalidSettings)
      reportDiagnostics(thrown, { proc, colors, printLines: (lines) => proc.stderr.write(`${lines}\n`) });
    throw thrown;
  }
}

function getWorkingFolder(proc: CliProcess): string {
  try {
    return proc.cwd();
  } catch (cause) {
    throw new BoticelliError('no_input', 'the current folder no longer exists', {
      hint: 'Change to another folder.',
      cause,
    });
  }
}
