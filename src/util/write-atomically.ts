import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a temporary file and renames it, so that the path always has either the old content or all of the new content.
 *
 * @param mode the permissions of the file. Default: those that the system gives new files
 * @throws the error of the system, after removing the temporary file
 */
export function writeAtomically(path: string, content: string | Uint8Array, mode?: number): void {
  const temporaryPath = `${path}.${randomBytes(4).toString('hex')}.unfinished`;
  try {
    writeFileSync(temporaryPath, content, mode === undefined ? {} : { mode });
    renameSync(temporaryPath, path);
  } catch (thrown) {
    rmSync(temporaryPath, { force: true });
    throw thrown;
  }
}
