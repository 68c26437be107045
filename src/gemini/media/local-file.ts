import { createHash } from 'node:crypto';
import { constants, openAsBlob } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { MediaFile } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';

// A MediaFile has the size and hash that its file had when checked. Below, `name` is the file's name in messages.

/**
 * Reads the file.
 * @throws BoticelliError `no_input` if the file no longer exists or has changed since it was checked
 */
export async function readCheckedFile(file: MediaFile, name: string): Promise<Buffer> {
  const handle = await openCheckedFile(file, name);
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
 * Opens the file as a Blob, which is read from disk in pieces. If the file changes later, reading fails with an error
 * that `isNotReadableError` recognizes, because Node compares the modification time.
 * @throws BoticelliError `no_input` if the file no longer exists or has changed since it was checked
 */
export async function openCheckedBlob(file: MediaFile, name: string, signal: AbortSignal | undefined): Promise<Blob> {
  await (await openCheckedFile(file, name)).close();
  try {
    const blob = await openAsBlob(file.path);
    if (blob.size === file.byteLength && (await hashBlob(blob, signal)) === file.sha256) return blob;
  } catch {
    signal?.throwIfAborted();
  }
  return throwFileChangedError(file, name);
}

async function hashBlob(blob: Blob, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of blob.stream()) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Whether an error comes from a Blob whose file no longer exists or has changed. */
export function isNotReadableError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'NotReadableError';
}

/** Rejects with an error that says how a file has changed since it was checked. */
export async function throwFileChangedError(file: MediaFile, name: string): Promise<never> {
  await (await openCheckedFile(file, name)).close();
  throw createChangedError(name);
}

/**
 * Opens the file if it is still a regular file of the same size. Opens it in non-blocking mode, because opening a pipe
 * would otherwise wait for a writer.
 */
async function openCheckedFile(file: MediaFile, name: string): Promise<FileHandle> {
  const handle = await open(file.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((thrown: unknown) => {
    throw createUnreadableError(name, thrown);
  });
  const stats = await handle.stat();
  if (stats.isFile() && stats.size === file.byteLength) return handle;
  await handle.close();
  if (stats.isFile()) throw createChangedError(name);
  throw new BoticelliError('no_input', `${name} is no longer a regular file`);
}

function createUnreadableError(name: string, thrown: unknown): BoticelliError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new BoticelliError('no_input', `${name} can no longer be read: ${code ?? message}`);
}

function createChangedError(name: string): BoticelliError {
  return new BoticelliError('no_input', `${name} has changed since it was checked`, { hint: 'Try again.' });
}
