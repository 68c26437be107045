import { closeSync, ftruncateSync, lstatSync, readlinkSync } from 'node:fs';
import { appendWhole, describeWriteError, openForAppending, withOutputError } from '../../util/write-files.js';

/** A file to which whole texts are appended. */
export interface AppendFile {
  /** Appends a text in full or not at all. @throws BoticelliError `output_failed` */
  append(text: string): void;
  /** Removes everything after the first `bytes` bytes. @throws BoticelliError `output_failed` */
  truncate(bytes: number): void;
  close(): void;
}

/**
 * Opens a file for appending, or creates it. Never follows a symbolic link.
 *
 * @param flag the option that names the file, for messages
 * @throws BoticelliError `output_failed`
 */
export function openAppendFile(path: string, flag: string): AppendFile {
  const fd = withFileError(path, flag, () => {
    // Throws for a symbolic link, with a message that names its target.
    getFileSize(path);
    return openForAppending(path);
  });
  return {
    append: (text) => withFileError(path, flag, () => appendWhole(fd, text)),
    truncate: (bytes) => withFileError(path, flag, () => ftruncateSync(fd, bytes)),
    close: () => closeSync(fd),
  };
}

/** Returns the size of a file, 0 if there is none. @throws for a symbolic link */
export function getFileSize(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) throw new Error(`it is a symbolic link to ${readlinkSync(path)}`);
  return stats?.size ?? 0;
}

/**
 * Runs work on the file that a flag names.
 * @throws BoticelliError `output_failed` in place of an error of the system
 */
export function withFileError<Result>(path: string, flag: string, work: () => Result): Result {
  const hint = `Free some space, check the permissions, or name another file with ${flag}. Replies so far are kept.`;
  return withOutputError(path, { hint, describe: describeWriteError }, work);
}
