import { readFile, stat } from 'node:fs/promises';

/** Why a file can't be read, as the end of a sentence that begins with its name. */
export interface FileProblem {
  reason: 'missing' | 'folder' | 'special' | 'denied' | 'too-large' | 'unreadable';
  words: string;
}

/** What reading a file came to. */
export type FileContent = { bytes: Buffer } | { problem: FileProblem };

/** Reads a regular file of at most so many bytes. Anything else, a pipe for one, could have us wait without end. */
export async function readRegularFile(path: string, mostBytes: number): Promise<FileContent> {
  const size = await sizeOfRegularFile(path, mostBytes);
  if ('problem' in size) return size;
  return readFile(path).then((bytes) => ({ bytes }), systemProblem);
}

/** The size of a regular file of at most so many bytes. */
export async function sizeOfRegularFile(
  path: string,
  mostBytes: number,
): Promise<{ size: number } | { problem: FileProblem }> {
  try {
    const stats = await stat(path);
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
  // A name with a NUL character is refused before any system call, with a message that has the whole path in it.
  if (code === 'ERR_INVALID_ARG_VALUE') return problem('unreadable', 'is no possible name of a file');
  return problem('unreadable', `can't be read: ${message}`);
}

function problem(reason: FileProblem['reason'], words: string): { problem: FileProblem } {
  return { problem: { reason, words } };
}
