import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';

/** The options of `boticelli check`. */
export interface CheckOptions extends FormatOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  /** Treat warnings as errors. */
  strict?: boolean;
  estimate?: boolean;
}
