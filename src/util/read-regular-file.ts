import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Why a file can't be read. */
export interface FileError {
  reason: 'missing' | 'folder' | 'special' | 'denied' | 'too-large' | 'unreadable';
  /** The end of a sentence that begins with the file's name. */
  message: string;
}

type Failure = { ok: false; problem: FileError };

/**
 * Reads a regular file of at most `maxBytes`. Other kinds of files fail, because reading a pipe, for example, could
 * block forever. The size that the system reports is not trusted: the files of `/proc` report a size of 0, even
 * `/proc/self/pagemap` with its 256 GB. Reading is synchronous, because reading a small file through the thread pool
 * takes ten times as long: `check` of a folder of a thousand narratives spent 0.4 of 1.1 s waiting for the pool
 * (2026-11).
 */
export function readRegularFile(path: string, maxBytes: number): { ok: true; bytes: Buffer } | Failure {
  try {
    const bytes = readSmallFile(path) ?? readLargeFile(path, maxBytes);
    if (bytes && bytes.length <= maxBytes) return { ok: true, bytes };
    const sizeResult = getRegularFileSize(path, maxBytes);
    // More than `maxBytes` were read, so the file is too large even if its reported size is small.
    return sizeResult.ok ? createTooLargeFailure(maxBytes) : sizeResult;
  } catch (thrown) {
    const failure = convertSystemError(thrown as NodeJS.ErrnoException);
    if (failure.problem.reason === 'missing') return failure;
    // "is a folder" or "is not a regular file" explains more than the system's error, whose wording differs between
    // systems.
    const sizeResult = getRegularFileSize(path, maxBytes);
    return sizeResult.ok ? failure : sizeResult;
  }
}

/** The buffer that every small file is read into. */
const readBuffer = Buffer.alloc(32_768);

/** Opening a pipe or a terminal in this mode does not wait for its other end. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a small file. Returns undefined if nothing can be read, as from an empty file or the device `/dev/null`, or if
 * the file fills the buffer and may therefore be longer.
 * Does not call `stat` first, because that takes as long as opening and reading: Node creates four dates from a file's
 * times. Reading a pipe or a terminal throws.
 */
function readSmallFile(path: string): Buffer | undefined {
  const fd = openSync(path, readOnly);
  try {
    const length = fillBuffer(fd, readBuffer, 0);
    return length > 0 && length < readBuffer.length ? Buffer.from(readBuffer.subarray(0, length)) : undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a file of any size. Returns undefined if it is not a regular file, or if it has more than `maxBytes`. Stops
 * reading as soon as it has read more than that.
 */
function readLargeFile(path: string, maxBytes: number): Buffer | undefined {
  const fd = openSync(path, readOnly);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxBytes) return undefined;
    const chunks: Buffer[] = [];
    // One byte more than expected, so that the first read also finds the end of the file.
    for (let [length, nextBytes] = [0, stats.size + 1]; ; nextBytes = Math.min(length, maxBytes + 1 - length)) {
      const chunk = allocatePages(nextBytes);
      const bytesRead = fillBuffer(fd, chunk, length);
      length += bytesRead;
      if (length > maxBytes) return undefined;
      chunks.push(chunk);
      if (bytesRead < chunk.length) return Buffer.concat(chunks, length);
    }
  } finally {
    closeSync(fd);
  }
}

/** Allocates whole pages, because some files of `/proc` reject reads of other sizes. */
function allocatePages(minBytes: number): Buffer {
  return Buffer.allocUnsafe(Math.ceil(minBytes / 4096) * 4096);
}

/**
 * Fills a buffer from a position of the file. Returns the number of bytes read. It is less than the buffer's length
 * only at the end of the file.
 */
function fillBuffer(fd: number, buffer: Buffer, position: number): number {
  let length = 0;
  // Pipes and terminals reject reads at a position, so nothing is consumed from them.
  for (let bytesRead = -1; bytesRead !== 0 && length < buffer.length; length += bytesRead) {
    bytesRead = readSync(fd, buffer, length, buffer.length - length, position + length);
  }
  return length;
}

/** Returns the size of a regular file of at most `maxBytes`. Fails for a larger file and for other kinds of files. */
export function getRegularFileSize(path: string, maxBytes: number): { ok: true; size: number } | Failure {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return createFailure('folder', 'is a folder');
    if (!stats.isFile()) return createFailure('special', 'is not a regular file');
    if (stats.size > maxBytes) return createTooLargeFailure(maxBytes);
    return { ok: true, size: stats.size };
  } catch (thrown) {
    return convertSystemError(thrown as NodeJS.ErrnoException);
  }
}

/**
 * Returns why a path can't be looked up, as the end of a sentence such as `can't be read: permission denied`. The usual
 * reason is a folder that the user can't enter, such as the home folder of another user. Returns undefined if the
 * lookup works, even if there is no file.
 */
export function findAccessProblem(path: string): string | undefined {
  try {
    statSync(path, { throwIfNoEntry: false });
    return undefined;
  } catch (thrown) {
    const { reason, message } = convertSystemError(thrown as NodeJS.ErrnoException).problem;
    return reason === 'missing' ? undefined : message;
  }
}

/** Converts an error of the file system to its reason and a message. */
export function convertSystemError({ code, message }: NodeJS.ErrnoException): Failure {
  if (code === 'ENOENT' || code === 'ENOTDIR') return createFailure('missing', 'does not exist');
  if (code === 'EACCES' || code === 'EPERM') return createFailure('denied', "can't be read: permission denied");
  // The system's own message is not used, because it repeats the whole name.
  if (code === 'ENAMETOOLONG') return createFailure('unreadable', 'has a name that is too long');
  // Node rejects a name with a NUL before any system call, with a message that contains the whole path.
  if (code === 'ERR_INVALID_ARG_VALUE') return createFailure('unreadable', 'is not a valid file name');
  return createFailure('unreadable', `can't be read: ${message}`);
}

function createTooLargeFailure(maxBytes: number): Failure {
  return createFailure('too-large', `is larger than ${maxBytes / 1_000_000} MB`);
}

function createFailure(reason: FileError['reason'], message: string): Failure {
  return { ok: false, problem: { reason, message } };
}
