import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import type { ModelTurn } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { isMediaList, omitMediaBytes, restoreMediaBytes } from './media-bytes.js';
import { getHopKeyBounds, getRowKeyBounds, getStoredKey, type RequestId } from './request-id.js';

/** Stores replies, so that a later run can reuse them instead of paying for the same requests again. */
export interface ReplyCache {
  /**
   * Finds the newest stored reply to a request.
   * @param requestedModel if set, only a reply of this model is accepted, and not one of a fallback model
   */
  find(requestId: RequestId, requestedModel?: string): Promise<StoredReply | undefined>;
  /**
   * Stores a reply, or a hop of a long reply. Replaces an older reply of the same model to the same request. Once the
   * promise resolves, the reply is kept even if the process ends. When a whole reply is stored, its hops are no longer
   * needed and may be deleted.
   */
  save(requestId: RequestId, reply: GenerateResponse): Promise<void>;
  /** Deletes the stored hops of a long reply, so that a later run with `--resume` does not reuse them. */
  deleteHops(requestId: RequestId): Promise<void>;
}

/** A stored reply. */
export interface StoredReply extends Omit<GenerateResponse, 'audio' | 'reused' | 'costUsd'> {
  /** True if the reply had audio. Audio is not stored: a minute of it takes 3 MB. */
  wasSpoken?: boolean;
}

/**
 * Creates a reply cache in SQLite that all processes of a machine share. Its methods reject with SQLite's errors.
 *
 * @param database has the table `answers`
 * @param narrative the name of the narrative that sends the requests, so that its replies can be deleted by that name
 * @param now returns milliseconds since the epoch
 * @param isRowOfThisCommand whether a row of this command has this id. If given, a row without a stored reply may reuse
 *   the reply to an equal request of a row that is not in this command. So a row that was edited only in columns that
 *   the request does not use finds the reply that is stored under its old id (see `createRowIdCheck`)
 */
export function createSqliteReplyCache(
  database: Database.Database,
  narrative: string,
  now: () => number,
  isRowOfThisCommand?: (rowId: string) => boolean,
): ReplyCache {
  const select = 'SELECT reply FROM answers WHERE key = ? AND occurrence = ?';
  const selectNewest = database.prepare(`${select} ORDER BY answered_at DESC, rowid DESC LIMIT 1`).raw(true);
  const selectByModel = database.prepare(`${select} AND answered_by = ?`).raw(true);
  const upsert = database.prepare(
    `INSERT INTO answers (key, occurrence, answered_by, narrative, answered_at, reply) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key, occurrence, answered_by) DO UPDATE
     SET narrative = excluded.narrative, answered_at = excluded.answered_at, reply = excluded.reply`,
  );
  const findUnderOtherRow = isRowOfThisCommand ? createOtherRowFinder(database, isRowOfThisCommand) : undefined;
  /** Finds the reply that is stored under this id. */
  const findOwn = (id: RequestId, requestedModel?: string): string | undefined => {
    const key = getStoredKey(id);
    const values = [key, id.occurrence];
    const row = requestedModel === undefined ? selectNewest.get(values) : selectByModel.get(...values, requestedModel);
    return (row as [string] | undefined)?.[0];
  };
  const deleteByBounds = database.prepare('DELETE FROM answers WHERE key > ? AND key < ? AND occurrence = ?');
  return {
    find: (id, requestedModel) =>
      retryWhileLocked(() => {
        const json = findOwn(id, requestedModel) ?? findUnderOtherRow?.(id, requestedModel);
        return json === undefined ? undefined : parseStoredReply(json);
      }),
    async save(id, reply) {
      const key = getStoredKey(id);
      const { occurrence } = id;
      const json = serializeReply(reply);
      const values = [key, occurrence, reply.turn.model, replaceNuls(narrative), now(), json];
      const save = () => {
        upsert.run(...values);
        deleteByBounds.run(...getHopKeyBounds(key), occurrence);
      };
      await retryWhileLocked(() => runInTransaction(database, save));
    },
    async deleteHops(id) {
      const remove = () => void deleteByBounds.run(...getHopKeyBounds(getStoredKey(id)), id.occurrence);
      await retryWhileLocked(() => runInTransaction(database, remove));
    },
  };
}

/**
 * Creates a function that finds a stored reply to an equal request under an id that no row of this command has. No two
 * rows get the same reply.
 */
function createOtherRowFinder(database: Database.Database, isRowOfThisCommand: (rowId: string) => boolean) {
  // The keys of hops are left out: they contain a slash.
  const select = `SELECT key, reply FROM answers WHERE key > ? AND key < ? AND occurrence = ? AND instr(key, '/') = 0`;
  const selectAny = database.prepare(`${select} ORDER BY key`).raw(true);
  const selectByModel = database.prepare(`${select} AND answered_by = ? ORDER BY key`).raw(true);
  const taken = new Set<string>();
  return ({ key, occurrence, instance: rowId }: RequestId, requestedModel?: string): string | undefined => {
    if (rowId === undefined) return undefined;
    const values = [...getRowKeyBounds(key), occurrence];
    const rows =
      requestedModel === undefined ? selectAny.iterate(values) : selectByModel.iterate([...values, requestedModel]);
    for (const [storedKey, json] of rows as Iterable<[string, string]>) {
      if (taken.has(`${storedKey} ${occurrence}`) || isRowOfThisCommand(storedKey.slice(key.length + 1))) continue;
      taken.add(`${storedKey} ${occurrence}`);
      return json;
    }
    return undefined;
  };
}

/** Replaces NUL characters, because libsql reads a text only up to the first NUL. */
export function replaceNuls(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}

/**
 * The stored form of a reply. Most replies are only text, which a response contains three times: as its text, as the
 * text of its turn and in the `native` parts of its turn, which are in Gemini's own format. The text is stored once,
 * because a run that wrote a reply of 10 MB three times took 320 MB of memory (2026-11). The bytes of media, which
 * native parts contain too, are also stored once.
 */
interface SerializedReply extends Omit<StoredReply, 'turn'> {
  /** The turn. Its `text` is left out if it equals the text of the reply. */
  turn: Omit<ModelTurn, 'text'> & { text?: string };
  /** True if the native parts are only the text of the turn, in which case they are left out. */
  isTextAlone?: true;
}

/** Renders a reply as JSON for the database. */
export function serializeReply({
  audio,
  reused: _reused,
  costUsd: _costUsd,
  tokenDetails: _tokenDetails,
  turn,
  ...reply
}: GenerateResponse): string {
  const { text, ...rest } = turn;
  const native = omitMediaBytes(turn);
  const isTextAlone = isSingleText(native, text);
  const serialized: SerializedReply = {
    ...reply,
    turn: { ...rest, ...(text !== reply.text && { text }), native: isTextAlone ? undefined : native },
    ...(isTextAlone && { isTextAlone }),
    ...(audio && { wasSpoken: true }),
  };
  return JSON.stringify(serialized);
}

function isSingleText(native: unknown, text: string): boolean {
  const [part, ...others] = Array.isArray(native) ? native : [];
  return others.length === 0 && isRecord(part) && part.text === text && Object.keys(part).length === 1;
}

/**
 * Parses a stored reply that was written by any version of the program. Returns undefined for anything else; the reply
 * is then requested again.
 */
export function parseStoredReply(json: string): StoredReply | undefined {
  const parsed = tryParseJson(json);
  if (!isRecord(parsed)) return undefined;
  const { isTextAlone, turn, ...reply } = parsed as Partial<SerializedReply>;
  const { model, finishReason, usage } = reply;
  if (typeof reply.text !== 'string' || typeof model !== 'string' || typeof finishReason !== 'string') return undefined;
  if (!isRecord(turn) || typeof turn.model !== 'string' || !isRecord(usage)) return undefined;
  if (!Object.values(usage).every((count) => Number.isSafeInteger(count) && Number(count) >= 0)) return undefined;
  const { text = reply.text, media } = turn;
  if (media !== undefined && !isMediaList(media)) return undefined;
  const native = isTextAlone ? [{ text }] : restoreMediaBytes(turn.native, media ?? []);
  return { ...reply, turn: { ...turn, text, ...(native !== undefined && { native }) } } as StoredReply;
}
