import { createHash } from 'node:crypto';
import type Database from 'libsql';
import type { ReplyMedia } from '../../driver/reply-media.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { replaceNuls } from './reply-cache.js';

/** What the history stores of a reply whose media are wanted: its text, and the types and sizes of its media. */
interface WantedReply {
  text: string;
  media: readonly { mimeType?: unknown; byteLength?: unknown }[];
}

/**
 * The history keeps replies without their media. Creates a function that finds the media of such a reply in the reply
 * cache of its narrative. The function searches for a stored reply that has the same text, and media of the same types
 * and sizes. If there are several, it takes the newest. If there is none, because the reply was deleted or never
 * stored, it returns undefined.
 *
 * The first call reads all stored replies with media. Each later call reads only one reply, so the time for a run of
 * many rows does not grow with the square of their number.
 */
export function createReplyMediaFinder(
  database: Database.Database,
  narrative: string,
): (wanted: WantedReply) => ReplyMedia[] | undefined {
  let rowIds: Map<string, number> | undefined;
  return (wanted) => {
    rowIds ??= indexReplies(database, narrative);
    const rowId = rowIds.get(createKey(wanted));
    return rowId === undefined ? undefined : readReply(database, rowId)?.media;
  };
}

/**
 * Maps the key of each stored reply with media to its SQLite rowid. Reads one reply at a time: together they may be
 * larger than the memory.
 */
function indexReplies(database: Database.Database, narrative: string): Map<string, number> {
  const select = database.prepare(
    'SELECT rowid FROM answers WHERE narrative = ? AND instr(reply, \'"base64"\') > 0 ORDER BY answered_at',
  );
  const rowIds = new Map<string, number>();
  for (const [rowId] of select.raw(true).all(replaceNuls(narrative)) as [number][]) {
    const reply = readReply(database, rowId);
    if (!reply) continue;
    const media = reply.media.map(({ mimeType, base64 }) => {
      return { mimeType, byteLength: Buffer.byteLength(base64, 'base64') };
    });
    rowIds.set(createKey({ text: reply.text, media }), rowId);
  }
  return rowIds;
}

/** Creates a short key, because the texts of thousands of replies may take gigabytes. */
function createKey({ text, media }: WantedReply): string {
  const sizes = media.map(({ mimeType, byteLength }) => [mimeType, byteLength]);
  return createHash('sha256').update(JSON.stringify(sizes)).update(text).digest('base64');
}

/** Reads the reply with a rowid; undefined if it was deleted in the meantime or is damaged. */
function readReply(database: Database.Database, rowId: number): { text: string; media: ReplyMedia[] } | undefined {
  const select = database.prepare('SELECT reply FROM answers WHERE rowid = ?').raw(true);
  const [json] = (select.get(rowId) as [unknown] | undefined) ?? [];
  const reply = typeof json === 'string' ? tryParseJson(json) : undefined;
  if (!isRecord(reply) || typeof reply.text !== 'string' || !isRecord(reply.turn)) return undefined;
  const { media } = reply.turn;
  return { text: reply.text, media: Array.isArray(media) ? media.filter(isReplyMedia) : [] };
}

function isReplyMedia(value: unknown): value is ReplyMedia {
  return isRecord(value) && typeof value.mimeType === 'string' && typeof value.base64 === 'string';
}
