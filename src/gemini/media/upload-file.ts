import { randomBytes } from 'node:crypto';
import type { File, Files } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { getByteLength, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { toOneLine } from '../errors/one-line.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { createFilesFetch, type FilesFetchOptions } from './files-fetch.js';
import { isNotReadableError, openCheckedBlob, rejectChangedFile } from './local-file.js';

export interface UploadOptions extends MediaDeliveryOptions {
  part: MediaPart;
  context: CallContext;
  /** Takes the file's name on the service up, before anything is sent. */
  remoteNames: Set<string>;
}

/**
 * Sends a file ahead. It may have to be processed before it can be used: see `whenProcessed`. Rejects with a BoticelliError
 * that names the file.
 */
export async function uploadFile(options: UploadOptions): Promise<File> {
  const { part, context, remoteNames } = options;
  const name = formatMediaName(part);
  const files = await createFilesClient({
    ...options,
    signal: context.signal,
    errorPrefix: `${name} could not be sent ahead`,
  });
  const megabytes = (getByteLength(part) / 1_000_000).toFixed(1);
  const message = `sending ${name} ahead (${megabytes} MB), for with it the request would be too large`;
  context.emit?.({ type: 'note', about: 'upload', message });
  const blob = await openBlob(part, context.signal);
  const remoteName = `files/boticelli-${randomBytes(10).toString('hex')}`;
  const config = { name: remoteName, mimeType: part.mimeType ?? 'application/octet-stream' };
  remoteNames.add(remoteName);
  const file = await files.upload({ file: blob, config }).catch(async (thrown: unknown) => {
    context.signal?.throwIfAborted();
    if (isNotReadableError(thrown) && part.content.from === 'file')
      await rejectChangedFile({ file: part.content, name });
    if (!(thrown instanceof BoticelliError)) throw createUploadError(thrown, name);
    // Refused: there is nothing there.
    if (thrown.code === 'invalid_request' || thrown.code === 'auth') remoteNames.delete(remoteName);
    throw thrown;
  });
  if (file.name !== undefined && file.name !== remoteName) remoteNames.add(file.name).delete(remoteName);
  return file;
}

/** What messages call a medium. */
export function formatMediaName({ name, mimeType = 'media' }: MediaPart): string {
  return name === undefined ? `a medium of type ${mimeType}` : JSON.stringify(name);
}

/** Deletes files by their names on the service, all at once. What can't be deleted is gone after 48 hours anyway. */
export async function deleteFiles(remoteNames: Set<string>, options: MediaDeliveryOptions): Promise<void> {
  if (remoteNames.size === 0) return;
  // Its own time: a run that was interrupted ends soon, but not without this.
  const signal = AbortSignal.timeout(2000);
  const files = await createFilesClient({ ...options, signal, errorPrefix: 'files could not be deleted' });
  await Promise.allSettled([...remoteNames].map((name) => files.delete({ name })));
  remoteNames.clear();
}

/**
 * A client of its own for each use: the SDK (2.32) hands neither a signal nor a fetch of a call on to the requests
 * that carry a file's pieces, only the client's fetch.
 */
export function createFilesClient(options: FilesFetchOptions): Promise<Files> {
  return options.connection.createFilesApi(createFilesFetch(options));
}

/**
 * As a Blob, which for a file is read piece by piece: given a path, the SDK puts the file's name into a header, which
 * throws for a name beyond Latin-1.
 */
async function openBlob(part: MediaPart, signal: AbortSignal | undefined): Promise<Blob> {
  const { content } = part;
  if (content.from === 'bytes') return new Blob([Buffer.from(content.base64, 'base64')]);
  if (content.from !== 'file') throw new Error('only bytes can be sent ahead');
  return openCheckedBlob({ file: content, name: formatMediaName(part) }, signal);
}

/** What the SDK itself does not like about an answer: it throws bare errors then. */
function createUploadError(thrown: unknown, name: string): BoticelliError {
  const detail = toOneLine(thrown instanceof Error ? thrown.message : String(thrown), 160);
  return new BoticelliError('unavailable', `${name} could not be sent ahead: ${detail}`, {
    hint: 'Run it again.',
    ...{ isTransient: true, cause: thrown },
  });
}
