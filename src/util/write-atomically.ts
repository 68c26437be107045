import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a temporary file beside the path and renames it, so that the path always has either the old content or all of
 * the new content. A symbolic link at the path is replaced, and its target stays as it is.
 *
 * @param mode the permissions of the file. Default: those that the system gives new files
 * @throws the error of the system, after removing the temporary file
 */
export function writeAtomically(path: string, content: string | Uint8Array, mode?: number): void {
  writeTemporaryFile(path, (fd, temporaryPath) => {
    // Set here and not by `open`, which would remove the permissions in the umask.
    if (mode !== undefined) fchmodSync(fd, mode & 0o7777);
    writeFileSync(fd, content);
    renameSync(temporaryPath, path);
  });
}

/**
 * Checks that a folder accepts new files, by creating an empty one and removing it.
 *
 * @throws the error of the system
 */
export function assertWritableFolder(folder: string): void {
  writeTemporaryFile(`${folder}/boticelli`, (_, temporaryPath) => rmSync(temporaryPath));
}

/**
 * Creates a file beside the path. Its random name can't be foreseen, and `wx` fails if the name exists. So nothing is
 * written through a symbolic link that another program, or an unpacked archive, has put there.
 */
function writeTemporaryFile(path: string, work: (fd: number, temporaryPath: string) => void): void {
  const temporaryPath = `${path}.${randomBytes(8).toString('hex')}.unfinished`;
  const fd = openSync(temporaryPath, 'wx');
  try {
    work(fd, temporaryPath);
  } catch (thrown) {
    rmSync(temporaryPath, { force: true });
    throw thrown;
  } finally {
    closeSync(fd);
  }
}
