import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';

type LimitsSettings = Pick<SettingsFlagOptions, 'tier' | 'config'>;

/** The options of `boticelli limits`. */
export interface LimitsOptions extends FormatOptions, LimitsSettings {
  /** The models whose learned limits to forget. */
  forget?: string[];
}

/** The options of `boticelli limits probe`. */
export interface ProbeOptions extends FormatOptions, LimitsSettings {
  model: string[];
  requests: number;
  /** In milliseconds. */
  spacing: number;
  stream?: boolean;
  yes?: boolean;
}
