import type { Writable } from 'node:stream';

/** Colours by meaning. On anything but a terminal that shows colours each returns its text as it is. */
export interface Paint {
  heading: (text: string) => string;
  dim: (text: string) => string;
  warning: (text: string) => string;
  error: (text: string) => string;
  place: (text: string) => string;
}

const asItIs = (text: string) => text;

export const noPaint: Paint = { heading: asItIs, dim: asItIs, warning: asItIs, error: asItIs, place: asItIs };

/** The paint for a stream. Node's own `hasColors` knows NO_COLOR, FORCE_COLOR and TERM=dumb. */
export async function paintFor(stream: Writable & { hasColors?: () => boolean }): Promise<Paint> {
  if (!stream.hasColors?.()) return noPaint;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return { heading: chalk.bold, dim: chalk.dim, warning: chalk.yellow, error: chalk.red, place: chalk.cyan };
}
