import { createHash } from 'node:crypto';
import type { File } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { getByteLength, type MediaContent, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { maxInlineBytes } from '../../facts/media.js';
import { createAsyncMemo } from '../../util/memoize-async.js';
import { readCheckedFile } from './local-file.js';
import type { MediaOptions } from './options.js';
import { deleteFiles, formatMediaName, uploadFile, waitUntilActive } from './upload-file.js';

/**
 * Creates an uploader. It decides which media to upload through the Files API and which to send inline, and does both.
 */
export function createMediaUploader(options: MediaOptions) {
  const uploadOnce = createAsyncMemo<string>();
  // By content key. Includes files that the service has not processed yet.
  const uploadedFiles = new Map<string, File>();
  // The content keys of the uploaded files that requests can refer to, because the service has processed them.
  const readyKeys = new Set<string>();
  // The names of files on the service. A name is added before the upload, because the file may exist even if the
  // response is lost.
  const remoteNames = new Set<string>();

  return {
    /**
     * Selects the media that a request must contain as references to uploaded files, not as bytes: those that were
     * uploaded before, and those that `selectLargest` selects from the others.
     */
    selectUploads(parts: readonly MediaPart[]): ReadonlySet<MediaContent> {
      // `getContentKey` hashes the media. The check of `readyKeys.size` avoids this work before the first upload.
      const alreadyUploaded = parts.filter(
        (part) =>
          readyKeys.size > 0 && ['bytes', 'file'].includes(part.content.from) && readyKeys.has(getContentKey(part)),
      );
      const others = parts.filter((part) => !alreadyUploaded.includes(part));
      return new Set([...alreadyUploaded, ...selectLargest(others)].map(({ content }) => content));
    },
    /** Returns the part as a reference to its uploaded file. Uploads the file first if necessary. */
    async uploadPart(part: MediaPart, context: CallContext): Promise<MediaPart> {
      const key = getContentKey(part);
      const uri = await uploadOnce(key, context.signal, async () => {
        const file = uploadedFiles.get(key) ?? (await uploadFile({ part, context, remoteNames, ...options }));
        uploadedFiles.set(key, file);
        return waitUntilActive(file, { part, context, ...options }).catch((thrown: unknown) => {
          // After a transient error the uploaded file is kept, and the next attempt checks its state again.
          if (!(thrown instanceof BoticelliError) || !thrown.isTransient) uploadedFiles.delete(key);
          throw thrown;
        });
      });
      readyKeys.add(key);
      return { ...part, content: { from: 'url-for-service', uri } };
    },
    /**
     * Replaces a local file in a part with the bytes of the file. Returns a part without a local file unchanged.
     */
    async inlinePart(part: MediaPart): Promise<MediaPart> {
      if (part.content.from !== 'file') return part;
      const bytes = await readCheckedFile(part.content, formatMediaName(part));
      return { ...part, content: { from: 'bytes', base64: bytes.toString('base64') } };
    },
    /** Deletes the uploaded files. Finishes within seconds and never rejects. */
    close: () => deleteFiles(remoteNames, options),
  };
}

/**
 * Selects the largest media, as few as possible: the others must fit into one request. References count as 0 bytes.
 */
function selectLargest(parts: readonly MediaPart[]): MediaPart[] {
  const bySize = [...parts].sort((one, other) => getByteLength(other) - getByteLength(one));
  let remainingBytes = parts.reduce((sum, part) => sum + getByteLength(part), 0);
  const chosen: MediaPart[] = [];
  for (const part of bySize) {
    // A part with the same content as the last chosen one is chosen too, because both refer to the same uploaded file.
    if (remainingBytes <= maxInlineBytes && chosen.at(-1)?.content !== part.content) break;
    remainingBytes -= getByteLength(part);
    chosen.push(part);
  }
  return chosen;
}

const hashes = new WeakMap<object, string>();

/** Identifies an upload by its bytes and its media type. */
function getContentKey({ content, mimeType }: MediaPart): string {
  if (content.from === 'file') return `${content.sha256} ${mimeType}`;
  if (content.from !== 'bytes') throw new Error('only bytes and files can be uploaded');
  const hash = hashes.get(content) ?? createHash('sha256').update(content.base64, 'base64').digest('hex');
  hashes.set(content, hash);
  return `${hash} ${mimeType}`;
}
