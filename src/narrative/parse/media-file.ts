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

/** Files up to this size are kept in memory once checked; larger ones are read again when they are sent. */
const maxInMemoryBytes = 4_000_000;

/** The content of media, as far as it was read. */
export interface MediaData {
  ok: true;
  content: MediaContent;
  /** All bytes, or the first ones of a large file. */
  head: Uint8Array;
  isText: boolean;
  /** The size in bytes. */
  byteLength: number;
}

/** Reads a media file. Of a large file only the path, the size and the hash are kept. */
export async function readMediaFile(path: string): Promise<MediaData | { ok: false; problem: FileError }> {
  const sizeResult = getRegularFileSize(path, maxUploadBytes);
  if (!sizeResult.ok) return sizeResult;
  if (sizeResult.size > maxInMemoryBytes) return hashMediaFile(path).catch(convertSystemError);
  const content = readRegularFile(path, maxUploadBytes);
  return content.ok ? createMediaData(content.bytes) : content;
}

/** Creates media from bytes. */
export function createMediaData(bytes: Buffer): MediaData {
  const content: MediaContent = { from: 'bytes', base64: bytes.toString('base64') };
  return { ok: true, content, head: bytes, isText: isPlainText(bytes), byteLength: bytes.length };
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
    ok: true,
    content: { from: 'file', path, byteLength, sha256: hash.digest('hex') },
    head,
    isText: textDetector.finish(),
    byteLength,
  };
}
