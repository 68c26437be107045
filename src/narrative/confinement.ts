import { isWithinFolder } from '../util/folder-boundary.js';
import type { FileConfinement } from './narrative.js';

/** Returns why a confined narrative must not read a file, as a message; undefined if it may read it. */
export function explainOutside(
  path: string,
  name: string,
  confinement: FileConfinement | undefined,
): string | undefined {
  const description = confinement && describeOutside(path, name, confinement);
  return description === undefined ? undefined : `${description}. ${confinement?.hint}`;
}

/** Like `explainOutside`, but without the hint. */
export function describeOutside(
  path: string,
  name: string,
  { folder, reason }: Pick<FileConfinement, 'folder' | 'reason'>,
): string | undefined {
  return isWithinFolder(path, folder) ? undefined : `${name} is outside of ${folder}, and ${reason}`;
}
