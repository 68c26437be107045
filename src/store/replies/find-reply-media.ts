import type Database from 'libsql';
import type { ReplyMedia } from '../../driver/reply-media.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { replaceNuls } from './reply-cache.js';

/** What the history has of a reply whose media are wanted. */
interface WantedReply {
  /** The name of the narrative. */
  narrative: string;
  text: string;
  media: readonly { mimeType?: unknown; byteLength?: unknown }[];
}

/**
 * Finds the media of a reply among the stored replies of its narrative, newest first: the history has only their types
 * and sizes. Returns undefined if no stored reply has the same text and media of the same types and sizes, because it
 * was deleted or never stored.
 */
export function findReplyMedia(database: Database.Database, wanted: WantedReply): ReplyMedia[] | undefined {
  const select = database
    .prepare(
      'SELECT reply FROM answers WHERE narrative = ? AND instr(reply, \'"base64"\') > 0 ORDER BY answered_at DESC',
    )
    .raw(true);
  for (const [json] of select.iterate(replaceNuls(wanted.narrative)) as Iterable<[string]>) {
    const reply = tryParseJson(json);
    if (!isRecord(reply) || reply.text !== wanted.text || !isRecord(reply.turn)) continue;
    const media = Array.isArray(reply.turn.media) ? reply.turn.media.filter(isReplyMedia) : [];
    if (media.length === wanted.media.length && media.every((each, index) => isSame(each, wanted.media[index])))
      return media;
  }
  return undefined;
}

function isReplyMedia(value: unknown): value is ReplyMedia {
  return isRecord(value) && typeof value.mimeType === 'string' && typeof value.base64 === 'string';
}

function isSame({ mimeType, base64 }: ReplyMedia, wanted: WantedReply['media'][number] | undefined): boolean {
  return mimeType === wanted?.mimeType && Buffer.byteLength(base64, 'base64') === wanted.byteLength;
}
