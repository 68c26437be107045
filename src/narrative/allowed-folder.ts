import { isWithinFolder } from '../util/folder-boundary.js';
import type { AllowedFolder } from './narrative.js';

/**
 * Returns why a narrative must not read a file outside of the allowed folder. The message ends with the folder's hint.
 * Returns undefined if the narrative may read the file. Without an allowed folder, it may read any file.
 *
 * @param description what the message calls the file, for example `the file "x.txt"`
 */
export function findOutsideProblem(
  path: string,
  description: string,
  allowedFolder: AllowedFolder | undefined,
): string | undefined {
  const problem = allowedFolder && findOutsideProblemWithoutHint(path, description, allowedFolder);
  return problem === undefined ? undefined : `${problem}. ${allowedFolder?.hint}`;
}

/** Like `findOutsideProblem`, but without the hint, for callers that have a hint of their own. */
export function findOutsideProblemWithoutHint(
  path: string,
  description: string,
  { folder, reason }: Pick<AllowedFolder, 'folder' | 'reason'>,
): string | undefined {
  return isWithinFolder(path, folder) ? undefined : `${description} is outside of ${folder}, and ${reason}`;
}
