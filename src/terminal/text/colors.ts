import type { Writable } from 'node:stream';

/** Functions that colour a text by its meaning. Without colour support, each returns its text unchanged. */
export type Colors = Record<'heading' | 'dim' | 'warning' | 'error' | 'location', (text: string) => string>;

/** How a report is displayed. */
export interface DisplayOptions {
  colors: Colors;
  /** The width of the terminal; undefined if the output is not a terminal. */
  columns?: number | undefined;
}

const identity = (text: string) => text;

/** Colours nothing. */
export const noColors: Colors = {
  heading: identity,
  dim: identity,
  warning: identity,
  error: identity,
  location: identity,
};

/** Returns the colours for a stream. Node's `hasColors` respects NO_COLOR, FORCE_COLOR and TERM=dumb. */
export async function createColors(stream: Writable & { hasColors?: () => boolean }): Promise<Colors> {
  if (!stream.hasColors?.()) return noColors;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return { heading: chalk.bold, dim: chalk.dim, warning: chalk.yellow, error: chalk.red, location: chalk.cyan };
}
