import { closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';

/** Why a file can't be read, as the end of a sentence that begins with its name. */
export interface FileError {
  reason: 'missing' | 'folder' | 'special' | 'denied' | 'too-large' | 'unreadable';
  message: string;
}

/** What reading a file came to. */
export type FileReadResult = { bytes: Buffer } | { problem: FileError };

/**
 * Reads a regular file of at most so many bytes. Anything else, a pipe for one, could have us wait without end. In one go,
 * for a small file's way through the thread pool and back takes ten times as long as reading it: `check` of a folder of a
 * thousand narratives did little else than wait for it (0.4 of 1.1 s, 2026-11).
 */
export function readRegularFile(path: string, maxBytes: number): FileReadResult {
  try {
    const bytes = readSmallFile(path);
    if (bytes && bytes.length <= maxBytes) return { bytes };
    const sizeResult = getRegularFileSize(path, maxBytes);
    return 'problem' in sizeResult ? sizeResult : { bytes: readFileSync(path) };
  } catch (thrown) {
    const { problem } = convertSystemError(thrown as NodeJS.ErrnoException);
    // A folder or a socket, say, can't be read: what it is says more than what went wrong, which each system words differently.
    const sizeResult = problem.reason === 'missing' ? { problem } : getRegularFileSize(path, maxBytes);
    return 'problem' in sizeResult ? sizeResult : { problem };
  }
}

/** Where small files are read into, one after the other. */
const readBuffer = Buffer.alloc(32_768);

/**
 * The bytes of a file that has a few; undefined where there are more, or none. Without asking first what it is, which takes as
 * long as all the rest: Node makes four dates of a file's times. A pipe or a terminal is opened without waiting, and throws.
 */
function readSmallFile(path: string): Buffer | undefined {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    let length = 0;
    // At a position, which a pipe or a terminal does not have: nothing is taken from them.
    for (let bytesRead = -1; bytesRead !== 0 && length < readBuffer.length; length += bytesRead) {
      bytesRead = readSync(fd, readBuffer, length, readBuffer.length - length, length);
    }
    return length > 0 && length < readBuffer.length ? Buffer.from(readBuffer.subarray(0, length)) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** The size of a regular file of at most so many bytes. */
export function getRegularFileSize(path: string, maxBytes: number): { size: number } | { problem: FileError } {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return createProblem('folder', 'is a folder');
    if (!stats.isFile()) return createProblem('special', 'is no regular file');
    if (stats.size > maxBytes) return createProblem('too-large', `is larger than ${maxBytes / 1_000_000} MB`);
    return { size: stats.size };
  } catch (thrown) {
    return convertSystemError(thrown as NodeJS.ErrnoException);
  }
}

/** What an error of the file system says about a file. */
export function convertSystemError({ code, message }: NodeJS.ErrnoException): { problem: FileError } {
  if (code === 'ENOENT' || code === 'ENOTDIR') return createProblem('missing', 'does not exist');
  if (code === 'EACCES' || code === 'EPERM') return createProblem('denied', "can't be read: permission denied");
  // The system's own message repeats all of it.
  if (code === 'ENAMETOOLONG') return createProblem('unreadable', 'has too long a name');
  // A name with a NUL character is refused before any system call, with a message that has the whole path in it.
  if (code === 'ERR_INVALID_ARG_VALUE') return createProblem('unreadable', 'is no possible name of a file');
  return createProblem('unreadable', `can't be read: ${message}`);
}

function createProblem(reason: FileError['reason'], message: string): { problem: FileError } {
  return { problem: { reason, message } };
}
