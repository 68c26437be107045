import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file through a temporary one beside it, so that its path always has the old content or all of the new.
 *
 * @param mode the permissions of the file. Default: those of a new file
 * @throws the error of the system; the temporary file is then removed
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
