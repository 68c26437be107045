import { createHash } from 'node:crypto';
import type { File } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { getByteLength, type MediaContent, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { maxInlineBytes } from '../../facts/media.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { readCheckedFile } from './local-file.js';
import { createAsyncMemo } from './memoize-async.js';
import { deleteFiles, formatMediaName, uploadFile } from './upload-file.js';
import { type ActiveFile, waitUntilActive } from './wait-until-active.js';

/** Media that go ahead of a request, through the Files API, and those that go along in it. */
export interface MediaUploader {
  /** Which of a request's media go ahead: those that did before, and the largest until the rest is small enough. */
  selectUploads(parts: readonly MediaPart[]): ReadonlySet<MediaContent>;
  /** The part as a reference to its file, which is sent ahead where it was not yet. */
  uploadPart(part: MediaPart, context: CallContext): Promise<MediaPart>;
  /** The part as it goes along: its bytes, or a reference that it was already. */
  inlinePart(part: MediaPart): Promise<MediaPart>;
  /** Deletes the files that were sent; within seconds. Never rejects. */
  close(): Promise<void>;
}

/** Makes a memory of files that were sent ahead. */
export function createMediaUploader(options: MediaDeliveryOptions): MediaUploader {
  const uploadOnce = createAsyncMemo<ActiveFile>();
  const uploadedFiles = new Map<string, File>();
  const uploadedKeys = new Set<string>();
  // By the name that they have on the service, from before they are sent: an answer that is lost leaves a file there.
  const remoteNames = new Set<string>();

  return {
    selectUploads(parts) {
      const alreadyUploaded = parts.filter(
        (part) => uploadedKeys.size > 0 && hasBytes(part.content) && uploadedKeys.has(getContentKey(part)),
      );
      const others = parts.filter((part) => !alreadyUploaded.includes(part));
      return new Set([...alreadyUploaded, ...selectLargest(others)].map(({ content }) => content));
    },
    async uploadPart(part, context) {
      const key = getContentKey(part);
      const { uri } = await uploadOnce(key, context.signal, async () => {
        const file = uploadedFiles.get(key) ?? (await uploadFile({ part, context, remoteNames, ...options }));
        uploadedFiles.set(key, file);
        return waitUntilActive(file, { part, context, ...options }).catch((thrown: unknown) => {
          // Where it could only not be asked whether a file is ready, the next attempt asks again.
          if (!(thrown instanceof BoticelliError) || !thrown.isTransient) uploadedFiles.delete(key);
          throw thrown;
        });
      });
      uploadedKeys.add(key);
      return { ...part, content: { from: 'reference', uri } };
    },
    async inlinePart(part) {
      if (part.content.from !== 'file') return part;
      const bytes = await readCheckedFile({ file: part.content, name: formatMediaName(part) });
      return { ...part, content: { from: 'bytes', base64: bytes.toString('base64') } };
    },
    close: () => deleteFiles(remoteNames, options),
  };
}

/** The largest of some media, until the rest may go along in one request. Media without known bytes weigh nothing. */
function selectLargest(parts: readonly MediaPart[]): MediaPart[] {
  const bySize = [...parts].sort((one, other) => getByteLength(other) - getByteLength(one));
  let remainingBytes = parts.reduce((sum, part) => sum + getByteLength(part), 0);
  const chosen: MediaPart[] = [];
  for (const part of bySize) {
    // A medium that is there several times goes ahead as a whole: its further parts follow, being of the same size.
    if (remainingBytes <= maxInlineBytes && chosen.at(-1)?.content !== part.content) break;
    remainingBytes -= getByteLength(part);
    chosen.push(part);
  }
  return chosen;
}

const hashes = new WeakMap<object, string>();

/** What makes two media the same file: their bytes, and the type that they are sent under. */
function getContentKey({ content, mimeType }: MediaPart): string {
  if (content.from === 'file') return `${content.sha256} ${mimeType}`;
  if (content.from !== 'bytes') throw new Error('only bytes can be sent ahead');
  const hash = hashes.get(content) ?? hashBytes(Buffer.from(content.base64, 'base64'));
  hashes.set(content, hash);
  return `${hash} ${mimeType}`;
}

function hasBytes({ from }: MediaContent): boolean {
  return from === 'bytes' || from === 'file';
}

function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
