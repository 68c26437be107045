import { createHash } from 'node:crypto';
import type { File } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import { byteLengthOf, type MediaContent, type MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { inlineMostBytes } from '../../facts.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { bytesOfFile } from './local-file.js';
import { onceEach } from './memoize-async.js';
import { deleteFiles, nameOf, uploadFile } from './upload-file.js';
import { type UsableFile, whenProcessed } from './wait-until-active.js';

/** Media that go ahead of a request, through the Files API, and those that go along in it. */
export interface MediaAhead {
  /** Which of a request's media go ahead: those that did before, and the largest until the rest is small enough. */
  chosenOf(parts: readonly MediaPart[]): ReadonlySet<MediaContent>;
  /** The part as a reference to its file, which is sent ahead where it was not yet. */
  referenceTo(part: MediaPart, context: CallContext): Promise<MediaPart>;
  /** The part as it goes along: its bytes, or a reference that it was already. */
  inline(part: MediaPart): Promise<MediaPart>;
  /** Deletes the files that were sent; within seconds. Never rejects. */
  close(): Promise<void>;
}

/** Makes a memory of files that were sent ahead. */
export function mediaAhead(options: MediaDeliveryOptions): MediaAhead {
  const usable = onceEach<UsableFile>();
  const sent = new Map<string, File>();
  const keys = new Set<string>();
  // By the name that they have on the service, from before they are sent: an answer that is lost leaves a file there.
  const names = new Set<string>();

  return {
    chosenOf(parts) {
      const before = parts.filter((part) => keys.size > 0 && isBytes(part.content) && keys.has(keyOf(part)));
      const others = parts.filter((part) => !before.includes(part));
      return new Set([...before, ...largest(others)].map(({ content }) => content));
    },
    async referenceTo(part, context) {
      const key = keyOf(part);
      const { uri } = await usable(key, context.signal, async () => {
        const file = sent.get(key) ?? (await uploadFile({ part, context, names, ...options }));
        sent.set(key, file);
        return whenProcessed(file, { part, context, ...options }).catch((thrown: unknown) => {
          // Where it could only not be asked whether a file is ready, the next attempt asks again.
          if (!(thrown instanceof BoticelliError) || !thrown.passing) sent.delete(key);
          throw thrown;
        });
      });
      keys.add(key);
      return { ...part, content: { from: 'reference', uri } };
    },
    async inline(part) {
      if (part.content.from !== 'file') return part;
      const bytes = await bytesOfFile({ file: part.content, name: nameOf(part) });
      return { ...part, content: { from: 'bytes', base64: bytes.toString('base64') } };
    },
    close: () => deleteFiles(names, options),
  };
}

/** The largest of some media, until the rest may go along in one request. Media without known bytes weigh nothing. */
function largest(parts: readonly MediaPart[]): MediaPart[] {
  const bySize = [...parts].sort((one, other) => byteLengthOf(other) - byteLengthOf(one));
  let left = parts.reduce((sum, part) => sum + byteLengthOf(part), 0);
  const chosen: MediaPart[] = [];
  for (const part of bySize) {
    // A medium that is there several times goes ahead as a whole: its further parts follow, being of the same size.
    if (left <= inlineMostBytes && chosen.at(-1)?.content !== part.content) break;
    left -= byteLengthOf(part);
    chosen.push(part);
  }
  return chosen;
}

const hashes = new WeakMap<object, string>();

/** What makes two media the same file: their bytes, and the type that they are sent under. */
function keyOf({ content, mimeType }: MediaPart): string {
  if (content.from === 'file') return `${content.sha256} ${mimeType}`;
  if (content.from !== 'bytes') throw new Error('only bytes can be sent ahead');
  const hash = hashes.get(content) ?? hashOf(Buffer.from(content.base64, 'base64'));
  hashes.set(content, hash);
  return `${hash} ${mimeType}`;
}

function isBytes({ from }: MediaContent): boolean {
  return from === 'bytes' || from === 'file';
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
