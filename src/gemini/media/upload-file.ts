import { randomBytes } from 'node:crypto';
import type { File, Files } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { byteLengthOf, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { oneLine } from '../errors/one-line.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { type FilesFetchOptions, filesFetch } from './files-fetch.js';
import { blobOfFile, isUnreadable, refuseChanged } from './local-file.js';

export interface UploadOptions extends MediaDeliveryOptions {
  part: MediaPart;
  context: CallContext;
  /** Takes the file's name on the service up, before anything is sent. */
  names: Set<string>;
}

/**
 * Sends a file ahead. It may have to be processed before it can be used: see `whenProcessed`. Rejects with a BoticelliError
 * that names the file.
 */
export async function uploadFile(options: UploadOptions): Promise<File> {
  const { part, context, names } = options;
  const name = nameOf(part);
  const files = await filesOf({ ...options, signal: context.signal, failed: `${name} could not be sent ahead` });
  const megabytes = (byteLengthOf(part) / 1_000_000).toFixed(1);
  const message = `sending ${name} ahead (${megabytes} MB), for with it the request would be too large`;
  context.emit?.({ type: 'note', about: 'upload', message });
  const blob = await blobOf(part, context.signal);
  const nameThere = `files/boticelli-${randomBytes(10).toString('hex')}`;
  const config = { name: nameThere, mimeType: part.mimeType ?? 'application/octet-stream' };
  names.add(nameThere);
  const file = await files.upload({ file: blob, config }).catch(async (thrown: unknown) => {
    context.signal?.throwIfAborted();
    if (isUnreadable(thrown) && part.content.from === 'file') await refuseChanged({ file: part.content, name });
    if (!(thrown instanceof BoticelliError)) throw notTaken(thrown, name);
    // Refused: there is nothing there.
    if (thrown.code === 'invalid_request' || thrown.code === 'auth') names.delete(nameThere);
    throw thrown;
  });
  if (file.name !== undefined && file.name !== nameThere) names.add(file.name).delete(nameThere);
  return file;
}

/** What messages call a medium. */
export function nameOf({ name, mimeType = 'media' }: MediaPart): string {
  return name === undefined ? `a medium of type ${mimeType}` : JSON.stringify(name);
}

/** Deletes files by their names on the service, all at once. What can't be deleted is gone after 48 hours anyway. */
export async function deleteFiles(names: Set<string>, options: MediaDeliveryOptions): Promise<void> {
  if (names.size === 0) return;
  // Its own time: a run that was interrupted ends soon, but not without this.
  const signal = AbortSignal.timeout(2000);
  const files = await filesOf({ ...options, signal, failed: 'files could not be deleted' });
  await Promise.allSettled([...names].map((name) => files.delete({ name })));
  names.clear();
}

/**
 * A client of its own for each use: the SDK (2.32) hands neither a signal nor a fetch of a call on to the requests
 * that carry a file's pieces, only the client's fetch.
 */
export function filesOf(options: FilesFetchOptions): Promise<Files> {
  return options.connection.files(filesFetch(options));
}

/**
 * As a Blob, which for a file is read piece by piece: given a path, the SDK puts the file's name into a header, which
 * throws for a name beyond Latin-1.
 */
async function blobOf(part: MediaPart, signal: AbortSignal | undefined): Promise<Blob> {
  const { content } = part;
  if (content.from === 'bytes') return new Blob([Buffer.from(content.base64, 'base64')]);
  if (content.from !== 'file') throw new Error('only bytes can be sent ahead');
  return blobOfFile({ file: content, name: nameOf(part) }, signal);
}

/** What the SDK itself does not like about an answer: it throws bare errors then. */
function notTaken(thrown: unknown, name: string): BoticelliError {
  const why = oneLine(thrown instanceof Error ? thrown.message : String(thrown), 160);
  return new BoticelliError('unavailable', `${name} could not be sent ahead: ${why}`, {
    hint: 'Run it again.',
    ...{ passing: true, cause: thrown },
  });
}
