import type Database from 'libsql';
import { isRecord, tryParseJson } from '../../util/json.js';
import { replaceNuls } from './reply-cache.js';

/** A picture or a sound of a reply, in base64. */
interface StoredMedia {
  mimeType: string;
  base64: string;
}

/** What is known of a reply whose media are wanted. */
interface WantedReply {
  /** The name of the narrative. */
  narrative: string;
  text: string;
  media: readonly { mimeType?: unknown; byteLength?: unknown }[];
}

/**
 * Finds the media of a reply among the stored replies of its narrative, newest first: the history has only their types and
 * sizes. Returns undefined if no stored reply has the same text and media of the same types and sizes, because it was
 * deleted or never stored.
 */
export function findReplyMedia(database: Database.Database, wanted: WantedReply): StoredMedia[] | undefined {
  const select = database
    .prepare(
      'SELECT reply FROM answers WHERE narrative = ? AND instr(reply, \'"base64"\') > 0 ORDER BY answered_at DESC',
    )
    .raw(true);
  for (const [json] of select.iterate(replaceNuls(wanted.narrative)) as Iterable<[string]>) {
    const reply = tryParseJson(json);
    if (!isRecord(reply) || reply.text !== wanted.text || !isRecord(reply.turn)) continue;
    const media = Array.isArray(reply.turn.media) ? reply.turn.media.filter(isStoredMedia) : [];
    if (media.length === wanted.media.length && media.every((each, index) => isSame(each, wanted.media[index])))
      return media;
  }
  return undefined;
}

function isStoredMedia(value: unknown): value is StoredMedia {
  return isRecord(value) && typeof value.mimeType === 'string' && typeof value.base64 === 'string';
}

function isSame({ mimeType, base64 }: StoredMedia, wanted: WantedReply['media'][number] | undefined): boolean {
  return mimeType === wanted?.mimeType && Buffer.byteLength(base64, 'base64') === wanted.byteLength;
}
