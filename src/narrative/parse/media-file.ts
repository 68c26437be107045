import { createReadStream } from 'node:fs';
import type { MediaContent } from '../../driver/request.js';
import { maxUploadBytes } from '../../facts/media.js';
import { createPlainTextDetector, isPlainText } from '../../media/plain-text.js';
import {
  convertSystemError,
  type FileError,
  getRegularFileSize,
  readRegularFile,
} from '../../util/read-regular-file.js';

/** Up to here a file is held from the moment it was checked on; a larger one is read again when it is sent. */
const maxInMemoryBytes = 4_000_000;

/** What a file is, as far as it was read. */
export interface MediaData {
  content: MediaContent;
  /** All of its bytes, or the first of many. */
  head: Uint8Array;
  isText: boolean;
  /** How many there are. */
  byteLength: number;
}

/** Reads a media file: small ones are held, of large ones their identity is. */
export async function readMediaFile(path: string): Promise<MediaData | { problem: FileError }> {
  const sizeResult = getRegularFileSize(path, maxUploadBytes);
  if ('problem' in sizeResult) return sizeResult;
  if (sizeResult.size > maxInMemoryBytes) return hashMediaFile(path).catch(convertSystemError);
  const content = readRegularFile(path, maxUploadBytes);
  return 'problem' in content ? content : createMediaData(content.bytes);
}

/** Media whose bytes are there. */
export function createMediaData(bytes: Buffer): MediaData {
  const content: MediaContent = { from: 'bytes', base64: bytes.toString('base64') };
  return { content, head: bytes, isText: isPlainText(bytes), byteLength: bytes.length };
}

async function hashMediaFile(path: string): Promise<MediaData> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const textDetector = createPlainTextDetector();
  let head = Buffer.alloc(0);
  let byteLength = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: maxInMemoryBytes })) {
    if (byteLength === 0) head = chunk;
    byteLength += chunk.length;
    hash.update(chunk);
    textDetector.add(chunk);
  }
  return {
    content: { from: 'file', path, byteLength, sha256: hash.digest('hex') },
    head,
    isText: textDetector.finish(),
    byteLength,
  };
}
