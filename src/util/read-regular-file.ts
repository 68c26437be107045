import { closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';

/** Why a file can't be read, as the end of a sentence that begins with its name. */
export interface FileProblem {
  reason: 'missing' | 'folder' | 'special' | 'denied' | 'too-large' | 'unreadable';
  words: string;
}

/** What reading a file came to. */
export type FileContent = { bytes: Buffer } | { problem: FileProblem };

/**
 * Reads a regular file of at most so many bytes. Anything else, a pipe for one, could have us wait without end. In one go,
 * for a small file's way through the thread pool and back takes ten times as long as reading it: `check` of a folder of a
 * thousand narratives did little else than wait for it (0.4 of 1.1 s, 2026-11).
 */
export function readRegularFile(path: string, mostBytes: number): FileContent {
  try {
    const bytes = readSmallFile(path);
    if (bytes && bytes.length <= mostBytes) return { bytes };
    const size = sizeOfRegularFile(path, mostBytes);
    return 'problem' in size ? size : { bytes: readFileSync(path) };
  } catch (thrown) {
    const { problem } = systemProblem(thrown as NodeJS.ErrnoException);
    // A folder or a socket, say, can't be read: what it is says more than what went wrong, which each system words differently.
    const size = problem.reason === 'missing' ? { problem } : sizeOfRegularFile(path, mostBytes);
    return 'problem' in size ? size : { problem };
  }
}

/** Where small files are read into, one after the other. */
const room = Buffer.alloc(32_768);

/**
 * The bytes of a file that has a few; undefined where there are more, or none. Without asking first what it is, which takes as
 * long as all the rest: Node makes four dates of a file's times. A pipe or a terminal is opened without waiting, and throws.
 */
function readSmallFile(path: string): Buffer | undefined {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    let length = 0;
    // At a position, which a pipe or a terminal does not have: nothing is taken from them.
    for (let read = -1; read !== 0 && length < room.length; length += read) {
      read = readSync(file, room, length, room.length - length, length);
    }
    return length > 0 && length < room.length ? Buffer.from(room.subarray(0, length)) : undefined;
  } finally {
    closeSync(file);
  }
}

/** The size of a regular file of at most so many bytes. */
export function sizeOfRegularFile(path: string, mostBytes: number): { size: number } | { problem: FileProblem } {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return problem('folder', 'is a folder');
    if (!stats.isFile()) return problem('special', 'is no regular file');
    if (stats.size > mostBytes) return problem('too-large', `is larger than ${mostBytes / 1_000_000} MB`);
    return { size: stats.size };
  } catch (thrown) {
    return systemProblem(thrown as NodeJS.ErrnoException);
  }
}

/** What an error of the file system says about a file. */
export function systemProblem({ code, message }: NodeJS.ErrnoException): { problem: FileProblem } {
  if (code === 'ENOENT' || code === 'ENOTDIR') return problem('missing', 'does not exist');
  if (code === 'EACCES' || code === 'EPERM') return problem('denied', "can't be read: permission denied");
  // The system's own message repeats all of it.
  if (code === 'ENAMETOOLONG') return problem('unreadable', 'has too long a name');
  // A name with a NUL character is refused before any system call, with a message that has the whole path in it.
  if (code === 'ERR_INVALID_ARG_VALUE') return problem('unreadable', 'is no possible name of a file');
  return problem('unreadable', `can't be read: ${message}`);
}

function problem(reason: FileProblem['reason'], words: string): { problem: FileProblem } {
  return { problem: { reason, words } };
}
