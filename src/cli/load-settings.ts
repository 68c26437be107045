import { InvalidSettings } from '../config/invalid-settings.js';
import { type Settings, type SettingsFlags, settingsFrom } from '../config/settings.js';
import { BoticelliError } from '../errors.js';
import type { Paint } from '../terminal/text/colors.js';
import type { Host } from './process.js';
import { tellFaults } from './report-diagnostics.js';

/** The flags that are settings for one run. */
export interface SettingsFlagOptions extends SettingsFlags {
  config?: string;
}

function workingFolderOf(host: Host): string {
  try {
    return host.cwd();
  } catch (cause) {
    throw new BoticelliError('no_input', 'the current folder does not exist any more', {
      hint: 'Change to another folder.',
      cause,
    });
  }
}

/** Reads the settings; the faults of a settings file are shown on standard error in their places. */
export async function readSettings(options: SettingsFlagOptions, host: Host, paint: Paint): Promise<Settings> {
  const { config, tier, rpm, tpm, rpd, maxConcurrent, fallback } = options;
  const given = Object.entries({ tier, rpm, tpm, rpd, maxConcurrent, fallback }).filter(
    ([, value]) => value !== undefined,
  );
  try {
    return await settingsFrom({
      environment: host.env,
      workingFolder: workingFolderOf(host),
      ...(config !== undefined && { configFile: config }),
      flags: Object.fromEntries(given) as SettingsFlags,
    });
  } catch (thrown) {
    if (thrown instanceof InvalidSettings)
      tellFaults(thrown, { host, paint, say: (lines) => host.stderr.write(`${lines}\n`) });
    throw thrown;
  }
}
