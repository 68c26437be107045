import { isWithinFolder } from '../util/folder-boundary.js';
import type { FileConfinement } from './narrative.js';

/**
 * Returns why a confined narrative must not read a file, as a message that ends with the hint of the confinement.
 * Returns undefined if the narrative may read the file.
 */
export function findOutsideProblem(
  path: string,
  name: string,
  confinement: FileConfinement | undefined,
): string | undefined {
  const description = confinement && findOutsideProblemWithoutHint(path, name, confinement);
  return description === undefined ? undefined : `${description}. ${confinement?.hint}`;
}

/** Like `findOutsideProblem`, but without the hint, for callers that have a hint of their own. */
export function findOutsideProblemWithoutHint(
  path: string,
  name: string,
  { folder, reason }: Pick<FileConfinement, 'folder' | 'reason'>,
): string | undefined {
  return isWithinFolder(path, folder) ? undefined : `${name} is outside of ${folder}, and ${reason}`;
}
