import type { FormatOptions } from '../../cli/common-options.js';

/** The options of `boticelli runs`. */
export interface RunsOptions extends FormatOptions {
  limit: number;
}

/** The options of `boticelli runs export`. */
export interface ExportOptions {
  format: 'json' | 'markdown';
}

/** The options of `boticelli runs clear`. */
export interface ClearOptions {
  /** In milliseconds. */
  olderThan?: number;
  narrative?: string;
  yes?: boolean;
}
