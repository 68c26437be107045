import { createReadStream } from 'node:fs';
import type { MediaContent } from '../../driver/request.js';
import { uploadMostBytes } from '../../facts.js';
import { isPlainText, plainTextWatch } from '../../media/plain-text.js';
import { type FileProblem, readRegularFile, sizeOfRegularFile, systemProblem } from '../../util/read-regular-file.js';

/** Up to here a file is held from the moment it was checked on; a larger one is read again when it is sent. */
const heldMostBytes = 4_000_000;

/** What a file is, as far as it was read. */
export interface ReadMedia {
  content: MediaContent;
  /** All of its bytes, or the first of many. */
  head: Uint8Array;
  isText: boolean;
  /** How many there are. */
  bytes: number;
}

/** Reads a media file: small ones are held, of large ones their identity is. */
export async function readMediaFile(path: string): Promise<ReadMedia | { problem: FileProblem }> {
  const size = sizeOfRegularFile(path, uploadMostBytes);
  if ('problem' in size) return size;
  if (size.size > heldMostBytes) return identify(path).catch(systemProblem);
  const content = readRegularFile(path, uploadMostBytes);
  return 'problem' in content ? content : heldMedia(content.bytes);
}

/** Media whose bytes are there. */
export function heldMedia(bytes: Buffer): ReadMedia {
  const content: MediaContent = { from: 'bytes', base64: bytes.toString('base64') };
  return { content, head: bytes, isText: isPlainText(bytes), bytes: bytes.length };
}

async function identify(path: string): Promise<ReadMedia> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const text = plainTextWatch();
  let head = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: heldMostBytes })) {
    if (bytes === 0) head = chunk;
    bytes += chunk.length;
    hash.update(chunk);
    text.add(chunk);
  }
  return { content: { from: 'file', path, bytes, sha256: hash.digest('hex') }, head, isText: text.end(), bytes };
}
