import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';

/** The options of `boticelli models`. */
export interface ModelsOptions extends FormatOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  /** Only models with the Live API. */
  live?: boolean;
  search?: string;
  refresh?: boolean;
}
