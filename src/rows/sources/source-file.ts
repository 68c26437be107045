import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { convertSystemError } from '../../util/read-regular-file.js';
import { createChangedError, createUnreadableSourceError } from './source-errors.js';

const readAsync = promisify(read);

/** A file that stays open, so that all rows are from this file even if another one replaces it. */
export interface OpenFile {
  size: number;
  /** Reads the file from its start. @throws BoticelliError `no_input` if it has changed since it was opened */
  readChunks(): AsyncGenerator<Buffer>;
  close(): void;
}

/**
 * Opens a regular file. Rejects everything else. It rejects a pipe at once, without waiting for its writer.
 *
 * @throws BoticelliError `no_input`
 */
export function openSourceFile(path: string, name: string): OpenFile {
  const fd = openForReading(path, name);
  const stats = fstatSync(fd, { bigint: true });
  const closeAndThrow = (message: string, hint: string): never => {
    closeSync(fd);
    throw createUnreadableSourceError(`${name} ${message}`, hint);
  };
  if (stats.isDirectory())
    closeAndThrow('is a folder', `To use its files as rows, quote a pattern: --each '${name}/*'.`);
  if (!stats.isFile()) closeAndThrow('is not a regular file', 'To read rows from a pipe, use --each - with NDJSON.');
  const hasChanged = () => {
    const { size, mtimeNs } = fstatSync(fd, { bigint: true });
    return size !== stats.size || mtimeNs !== stats.mtimeNs;
  };
  return {
    size: Number(stats.size),
    async *readChunks() {
      let position = 0;
      while (true) {
        const { bytesRead, buffer } = await readAsync(fd, Buffer.allocUnsafe(65_536), 0, 65_536, position);
        if (hasChanged()) throw createChangedError(name);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    close: () => closeSync(fd),
  };
}

function openForReading(path: string, name: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    const { reason, message } = convertSystemError(thrown as NodeJS.ErrnoException).problem;
    const hint = reason === 'missing' ? 'Check the path. It is relative to the current folder.' : 'Check the file.';
    throw createUnreadableSourceError(`${name} ${message}`, hint);
  }
}
