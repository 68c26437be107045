import { randomBytes } from 'node:crypto';
import type { File, Files } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { getByteLength, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { toOneLine } from '../errors/one-line.js';
import { createFilesFetch, type FilesFetchOptions } from './files-fetch.js';
import { isNotReadableError, openCheckedBlob, throwFileChangedError } from './local-file.js';
import type { MediaOptions } from './options.js';

interface MediaPartOptions extends MediaOptions {
  part: MediaPart;
  context: CallContext;
}

interface UploadOptions extends MediaPartOptions {
  /** The file's name on the service is added to this set before anything is sent. */
  remoteNames: Set<string>;
}

/**
 * Uploads a file through the Files API. The service may have to process it before use: see `waitUntilActive`.
 * @throws BoticelliError that names the file
 */
export async function uploadFile(options: UploadOptions): Promise<File> {
  const { part, context, remoteNames } = options;
  const name = formatMediaName(part);
  const errorPrefix = `could not upload ${name}`;
  const files = await createFilesClient({ ...options, signal: context.signal, errorPrefix });
  const megabytes = (getByteLength(part) / 1_000_000).toFixed(1);
  const message = `uploading ${name} (${megabytes} MB), because a request that contains it would be too large`;
  context.emit?.({ type: 'note', about: 'upload', message });
  const blob = await openBlob(part, context.signal);
  const remoteName = `files/boticelli-${randomBytes(10).toString('hex')}`;
  const config = { name: remoteName, mimeType: part.mimeType ?? 'application/octet-stream' };
  remoteNames.add(remoteName);
  const file = await files.upload({ file: blob, config }).catch(async (thrown: unknown) => {
    context.signal?.throwIfAborted();
    if (isNotReadableError(thrown) && part.content.from === 'file') return throwFileChangedError(part.content, name);
    if (!(thrown instanceof BoticelliError)) throw createUnexpectedError(thrown, errorPrefix);
    // The service rejected the file, so it stored nothing.
    if (thrown.code === 'invalid_request' || thrown.code === 'auth') remoteNames.delete(remoteName);
    throw thrown;
  });
  // The SDK (2.32) returns the field `file` of the response unchecked.
  if (typeof file !== 'object' || file === null)
    throw createUnexpectedError('the response describes no file', errorPrefix);
  if (file.name !== undefined && !isRemoteName(file.name))
    throw createUnexpectedError('the response names a file outside of the Files API', errorPrefix);
  if (typeof file.name === 'string' && file.name !== remoteName) remoteNames.add(file.name).delete(remoteName);
  return { ...file, name: file.name ?? remoteName };
}

/**
 * Whether a name has the form of a file's name in the Files API. The SDK (2.32) puts names into paths as they are, so
 * `files/../models/x` would make it request or delete something else with the user's key.
 */
function isRemoteName(name: unknown): boolean {
  return typeof name === 'string' && /^files\/[\w-]+$/.test(name);
}

/**
 * Waits up to `timeoutMs` until an uploaded file can be used. Resolves to its URI.
 * @throws BoticelliError that names the file. If only the file's state could not be read, the error is transient: a
 *   retry reads the state again and does not upload the file again.
 */
export async function waitUntilActive(uploaded: File, options: MediaPartOptions): Promise<string> {
  const name = formatMediaName(options.part);
  const file = uploaded.state === 'PROCESSING' ? await pollUntilProcessed(uploaded, name, options) : uploaded;
  if (file.state === 'FAILED') throw createProcessingError(name, file);
  const { uri } = file;
  if (typeof uri !== 'string') throw new BoticelliError('unavailable', `the Files API returned no URI for ${name}`);
  return uri;
}

/**
 * Reads the state of a file until the service has processed it. A video is first PROCESSING, and then ACTIVE or FAILED.
 */
async function pollUntilProcessed(uploaded: File, name: string, options: MediaPartOptions): Promise<File> {
  const { context, clock, timeoutMs } = options;
  const { signal } = context;
  const errorPrefix = `could not check whether ${name} is ready`;
  const files = await createFilesClient({ ...options, signal, errorPrefix });
  const deadlineMs = clock.now() + timeoutMs;
  let file = uploaded;
  context.emit?.({ type: 'note', about: 'upload', message: `${name} is uploaded and being processed` });
  for (let delayMs = 250; file.state === 'PROCESSING'; delayMs = Math.min(delayMs * 1.5, 5000)) {
    const remainingMs = deadlineMs - clock.now();
    if (remainingMs <= 0) {
      const message = `the service did not finish processing ${name} within ${timeoutMs / 1000} s`;
      throw new BoticelliError('timeout', message, { hint: 'Raise --timeout.' });
    }
    await clock.sleep(Math.min(delayMs, remainingMs), signal);
    file = await files.get({ name: uploaded.name ?? '' }).catch((thrown: unknown) => {
      signal?.throwIfAborted();
      throw thrown instanceof BoticelliError ? thrown : createUnexpectedError(thrown, errorPrefix);
    });
  }
  return file;
}

/**
 * Deletes files by their names on the service, in parallel. The service itself deletes the remaining files after 48
 * hours.
 */
export async function deleteFiles(remoteNames: Set<string>, options: MediaOptions): Promise<void> {
  if (remoteNames.size === 0) return;
  // The time limit replaces the caller's signal: an interrupted run must end soon but still delete its files.
  const signal = AbortSignal.timeout(2000);
  const files = await createFilesClient({ ...options, signal, errorPrefix: 'could not delete uploaded files' });
  await Promise.allSettled([...remoteNames].map((name) => files.delete({ name })));
  remoteNames.clear();
}

/** The name of a media part in messages. */
export function formatMediaName({ name, mimeType = 'media' }: MediaPart): string {
  return name === undefined ? `media of type ${mimeType}` : JSON.stringify(name);
}

/**
 * Creates a client for one use: its fetch carries the signal and the error prefix. They can't be passed with a call,
 * because the requests with the pieces of a file use only the client's fetch (SDK 2.32).
 */
function createFilesClient(options: FilesFetchOptions): Promise<Files> {
  return options.connection.createFilesApi(createFilesFetch(options));
}

/**
 * Opens the part as a Blob, which is read from disk in pieces. If the SDK got a path instead, it would put the file's
 * name into a header, which throws for characters outside of Latin-1.
 */
async function openBlob(part: MediaPart, signal: AbortSignal | undefined): Promise<Blob> {
  const { content } = part;
  if (content.from === 'bytes') return new Blob([Buffer.from(content.base64, 'base64')]);
  if (content.from !== 'file') throw new Error('only bytes and files can be uploaded');
  return openCheckedBlob(content, formatMediaName(part), signal);
}

/** Converts an error of the SDK, which throws plain errors for responses that it does not expect. */
function createUnexpectedError(thrown: unknown, errorPrefix: string): BoticelliError {
  const detail = toOneLine(thrown instanceof Error ? thrown.message : String(thrown), 160);
  return new BoticelliError('unavailable', `${errorPrefix}: ${detail}`, {
    hint: 'Try again.',
    ...{ isTransient: true, cause: thrown },
  });
}

function createProcessingError(name: string, { error }: File): BoticelliError {
  const detail = error?.message === undefined ? '' : `: ${error.message}`;
  return new BoticelliError('invalid_request', `the service could not process ${name}${detail}`, {
    hint: 'Check that the file plays or opens, and that it is not protected.',
  });
}
