import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';

/** A file to which whole texts are appended. */
export interface AppendFile {
  /** Appends a text in full or not at all. @throws BoticelliError `output_failed` */
  append(text: string): void;
  /** Removes the content. */
  clear(): void;
  close(): void;
}

/**
 * Opens a file for appending, or creates it. Never follows a symbolic link, which may have come with a folder that someone
 * else wrote.
 *
 * @param flag the option that names the file, for messages
 * @throws BoticelliError `output_failed`
 */
export function openAppendFile(path: string, flag: string): AppendFile {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const fd = withOutputError(path, flag, () => {
    getSizeOfFile(path);
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
  });
  return {
    append(text) {
      withOutputError(path, flag, () => appendWhole(fd, Buffer.from(text)));
    },
    clear: () => withOutputError(path, flag, () => ftruncateSync(fd)),
    close: () => closeSync(fd),
  };
}

/** Returns the size of a file, 0 if there is none. @throws for a symbolic link */
export function getSizeOfFile(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) throw new Error(`it is a symbolic link to ${readlinkSync(path)}`);
  return stats?.size ?? 0;
}

/** Appends all bytes. If that fails in the middle, as on a full disk, removes those that were written. */
function appendWhole(fd: number, bytes: Buffer): void {
  const { size } = fstatSync(fd);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  } catch (thrown) {
    try {
      ftruncateSync(fd, size);
    } catch {}
    throw thrown;
  }
}

export function withOutputError<Result>(path: string, flag: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new BoticelliError(
      'output_failed',
      `can't write ${path}: ${code === 'ENOSPC' ? 'the disk is full' : message}`,
      {
        hint: `Free some space, check the permissions, or name another file with ${flag}. Replies so far are kept.`,
        cause: thrown,
      },
    );
  }
}
