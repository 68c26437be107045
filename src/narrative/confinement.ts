import { isWithinFolder } from '../util/folder-boundary.js';
import type { FileConfinement } from './narrative.js';

/** Returns why a confined narrative must not read a file, as a message; undefined if it may read it. */
export function explainOutside(
  path: string,
  name: string,
  confinement: FileConfinement | undefined,
): string | undefined {
  if (!confinement || isWithinFolder(path, confinement.folder)) return undefined;
  const { folder, reason, hint } = confinement;
  return `${name} is outside of ${folder}, and ${reason}. ${hint}`;
}
