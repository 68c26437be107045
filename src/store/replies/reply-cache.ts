import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';
import { retryWhileLocked } from '../../database/wait-for-lock.js';
import type { GenerateResponse } from '../../driver/response.js';
import { parseStoredReply, serializeReply } from './stored-reply.js';

/** Which request of a run: what was asked, and how often that had been asked in the run before. */
export interface RequestId {
  /** Of request-key.ts. */
  key: string;
  /** Counts from 0: a carousel asks the same in each round, and wants an answer to each. */
  occurrence: number;
}

/** Replies that were paid for, by what they answer. */
export interface ReplyCache {
  /**
   * The newest reply to the request that is kept, or undefined.
   * @param requestedModel only what this model was asked for, and no fallback
   */
  find(requestId: RequestId, requestedModel?: string): Promise<StoredReply | undefined>;
  /** Keeps a reply, in place of an older one. When it resolves, the reply outlives the process. */
  save(requestId: RequestId, reply: GenerateResponse): Promise<void>;
}

/** A reply as it is kept. */
export interface StoredReply extends Omit<GenerateResponse, 'audio' | 'reused' | 'costUsd'> {
  /** True where there was sound too. It is not kept: a minute of it takes 3 MB. */
  wasSpoken?: boolean;
}

export interface SqliteReplyCacheOptions {
  /** Has the table `answers`. */
  database: Database.Database;
  /** The name of the narrative that asks, for clearing by name. */
  narrative: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Answers in SQLite, for all processes of a machine. Both methods reject with SQLite's errors. */
export function createSqliteReplyCache({ database, narrative, now }: SqliteReplyCacheOptions): ReplyCache {
  const newestFirst = 'ORDER BY answered_at DESC, rowid DESC LIMIT 1';
  const selectNewest = database
    .prepare(`SELECT reply FROM answers WHERE key = ? AND occurrence = ? ${newestFirst}`)
    .raw(true);
  const selectByModel = database
    .prepare('SELECT reply FROM answers WHERE key = ? AND occurrence = ? AND answered_by = ?')
    .raw(true);
  const upsert = database.prepare(
    `INSERT INTO answers (key, occurrence, answered_by, narrative, answered_at, reply) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key, occurrence, answered_by) DO UPDATE
     SET narrative = excluded.narrative, answered_at = excluded.answered_at, reply = excluded.reply`,
  );
  return {
    find: ({ key, occurrence }, requestedModel) =>
      retryWhileLocked(() => {
        const row =
          requestedModel === undefined
            ? selectNewest.get(key, occurrence)
            : selectByModel.get(key, occurrence, requestedModel);
        const json = (row as [string] | undefined)?.[0];
        return json === undefined ? undefined : parseStoredReply(json);
      }),
    async save({ key, occurrence }, reply) {
      const json = serializeReply(reply);
      const row = [key, occurrence, reply.turn.model, replaceNuls(narrative), now(), json];
      await retryWhileLocked(() => runInTransaction(database, () => upsert.run(...row)));
    },
  };
}

/** Text as libsql can give it back: it reads no further than a NUL. */
export function replaceNuls(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
