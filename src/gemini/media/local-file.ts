import { createHash } from 'node:crypto';
import { constants, openAsBlob } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { MediaFile } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';

/** A file that was checked, some acts ago maybe, and what messages call it. */
export interface CheckedFile {
  file: MediaFile;
  name: string;
}

/** Its bytes, if they are still those that were checked. Rejects with `no_input` and what became of it. */
export async function readCheckedFile({ file, name }: CheckedFile): Promise<Buffer> {
  const handle = await openCheckedFile({ file, name });
  try {
    const bytes = await handle.readFile().catch((thrown: unknown) => {
      throw createUnreadableError(name, thrown);
    });
    if (createHash('sha256').update(bytes).digest('hex') === file.sha256) return bytes;
    throw createChangedError(name);
  } finally {
    await handle.close();
  }
}

/**
 * The same as a Blob, which is read piece by piece, once more each time. A change from here on makes it unreadable, for
 * Node compares the file's time: `isUnreadable` knows that error.
 */
export async function openCheckedBlob({ file, name }: CheckedFile, signal: AbortSignal | undefined): Promise<Blob> {
  await (await openCheckedFile({ file, name })).close();
  try {
    const blob = await openAsBlob(file.path);
    if (blob.size === file.byteLength && (await hashBlob(blob, signal)) === file.sha256) return blob;
  } catch {
    signal?.throwIfAborted();
  }
  return rejectChangedFile({ file, name });
}

async function hashBlob(blob: Blob, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of blob.stream()) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Whether an error is that of a Blob whose file is gone or has changed. */
export function isNotReadableError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'NotReadableError';
}

/** Rejects with why a file is no more what it was when it was checked; of one that can be read, that it has changed. */
export async function rejectChangedFile(checked: CheckedFile): Promise<never> {
  await (await openCheckedFile(checked)).close();
  throw createChangedError(checked.name);
}

/** Opens it, if it is a file of as many bytes as it had. Without waiting, as one would for who writes into a pipe. */
async function openCheckedFile({ file, name }: CheckedFile): Promise<FileHandle> {
  const handle = await open(file.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((thrown: unknown) => {
    throw createUnreadableError(name, thrown);
  });
  const stats = await handle.stat();
  if (stats.isFile() && stats.size === file.byteLength) return handle;
  await handle.close();
  throw stats.isFile()
    ? createChangedError(name)
    : new BoticelliError('no_input', `${name} is no regular file any more`);
}

function createUnreadableError(name: string, thrown: unknown): BoticelliError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new BoticelliError('no_input', `${name} can't be read any more: ${code ?? message}`);
}

function createChangedError(name: string): BoticelliError {
  return new BoticelliError('no_input', `${name} has changed since it was checked`, { hint: 'Run it again.' });
}
