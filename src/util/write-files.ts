import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { BoticelliError } from '../errors.js';

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
 * Like `writeAtomically`, for a text that is produced in pieces while it is written. An error that `pieces` throws
 * passes through.
 *
 * @throws BoticelliError `output_failed` if the file can't be written, after removing the temporary file
 */
export function writePiecesAtomically(path: string, pieces: Iterable<string>, options: OutputErrorOptions): void {
  const attempt = <Result>(work: () => Result) => withOutputError(path, options, work);
  const { fd, temporaryPath } = attempt(() => openTemporaryFile(path));
  try {
    for (const piece of pieces) attempt(() => writeFileSync(fd, piece));
    attempt(() => renameSync(temporaryPath, path));
  } catch (thrown) {
    rmSync(temporaryPath, { force: true });
    throw thrown;
  } finally {
    closeSync(fd);
  }
}

/**
 * Checks that a folder accepts new files, by creating an empty file and removing it.
 *
 * @throws the error of the system
 */
export function assertWritableFolder(folder: string): void {
  writeTemporaryFile(`${folder}/boticelli`, (_, temporaryPath) => rmSync(temporaryPath));
}

/**
 * Creates a file beside the path. Its random name can't be predicted, and `wx` fails if the name exists. So nothing is
 * written through a symbolic link that another program, or an unpacked archive, has put there.
 *
 * @param mode the permissions of the file. Default: those that the system gives new files
 */
export function openTemporaryFile(path: string, mode?: number): { fd: number; temporaryPath: string } {
  const temporaryPath = `${path}.${randomBytes(8).toString('hex')}.unfinished`;
  return { fd: openSync(temporaryPath, 'wx', mode), temporaryPath };
}

function writeTemporaryFile(path: string, work: (fd: number, temporaryPath: string) => void): void {
  const { fd, temporaryPath } = openTemporaryFile(path);
  try {
    work(fd, temporaryPath);
  } catch (thrown) {
    rmSync(temporaryPath, { force: true });
    throw thrown;
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens a file for appending, and creates it if necessary. Fails if the path is a symbolic link, which may have come
 * with a folder that someone else wrote. Opening a pipe fails too; otherwise it would wait for a reader.
 */
export function openForAppending(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
}

/**
 * Appends a whole text. If that fails, for example because the disk is full, removes the part that was written: another
 * run may share the file, and would continue an incomplete line.
 */
export function appendWhole(fd: number, text: string): void {
  const { size } = fstatSync(fd);
  const bytes = Buffer.from(text);
  let writtenBytes = 0;
  try {
    while (writtenBytes < bytes.length) writtenBytes += writeSync(fd, bytes, writtenBytes);
  } catch (thrown) {
    // A file of another size is not truncated: it has lines that another run has appended in the meantime.
    if (writtenBytes > 0 && fstatSync(fd).size === size + writtenBytes) ftruncateSync(fd, size);
    throw thrown;
  }
}

interface OutputErrorOptions {
  /** What the user can do, in a sentence. */
  hint: string;
  /** Returns the reason from the error of the system. Default: its message. */
  describe?: (error: NodeJS.ErrnoException) => string;
}

/**
 * Runs work that writes a file. A BoticelliError passes through.
 *
 * @throws BoticelliError `output_failed` in place of an error of the system
 */
export function withOutputError<Result>(path: string, options: OutputErrorOptions, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw thrown instanceof BoticelliError ? thrown : createOutputError(path, thrown, options);
  }
}

function createOutputError(path: string, thrown: unknown, { hint, describe }: OutputErrorOptions): BoticelliError {
  const error = thrown as NodeJS.ErrnoException;
  const reason = describe?.(error) ?? error.message;
  return new BoticelliError('output_failed', `can't write ${path}: ${reason}`, { hint, cause: thrown });
}

/** Returns the reason of a failed write: `the disk is full`, or the message of the system. */
export function describeWriteError({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOSPC' ? 'the disk is full' : message;
}
