import type Database from 'libsql';
import { inTransaction } from '../../database/transaction.js';
import { whenFree } from '../../database/wait-for-lock.js';
import type { GenerateResponse } from '../../driver/response.js';
import { keptReply, replyKept } from './stored-reply.js';

/** Which request of a run: what was asked, and how often that had been asked in the run before. */
export interface Asked {
  /** Of request-key.ts. */
  key: string;
  /** Counts from 0: a carousel asks the same in each round, and wants an answer to each. */
  occurrence: number;
}

/** Replies that were paid for, by what they answer. */
export interface Answers {
  /**
   * The newest reply to the request that is kept, or undefined.
   * @param by only what this model was asked for, and no fallback
   */
  find(asked: Asked, by?: string): Promise<KeptReply | undefined>;
  /** Keeps a reply, in place of an older one. When it resolves, the reply outlives the process. */
  keep(asked: Asked, reply: GenerateResponse): Promise<void>;
}

/** A reply as it is kept. */
export interface KeptReply extends Omit<GenerateResponse, 'audio' | 'reused' | 'costUsd'> {
  /** True where there was sound too. It is not kept: a minute of it takes 3 MB. */
  wasSpoken?: boolean;
}

export interface AnswersOptions {
  /** Has the table `answers`. */
  database: Database.Database;
  /** The name of the narrative that asks, for clearing by name. */
  narrative: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Answers in SQLite, for all processes of a machine. Both methods reject with SQLite's errors. */
export function createAnswers({ database, narrative, now }: AnswersOptions): Answers {
  const newest = 'ORDER BY answered_at DESC, rowid DESC LIMIT 1';
  const read = database.prepare(`SELECT reply FROM answers WHERE key = ? AND occurrence = ? ${newest}`).raw(true);
  const readBy = database
    .prepare('SELECT reply FROM answers WHERE key = ? AND occurrence = ? AND answered_by = ?')
    .raw(true);
  const write = database.prepare(
    `INSERT INTO answers (key, occurrence, answered_by, narrative, answered_at, reply) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key, occurrence, answered_by) DO UPDATE
     SET narrative = excluded.narrative, answered_at = excluded.answered_at, reply = excluded.reply`,
  );
  return {
    find: ({ key, occurrence }, by) =>
      whenFree(() => {
        const row = by === undefined ? read.get(key, occurrence) : readBy.get(key, occurrence, by);
        const json = (row as [string] | undefined)?.[0];
        return json === undefined ? undefined : replyKept(json);
      }),
    async keep({ key, occurrence }, reply) {
      const json = keptReply(reply);
      const row = [key, occurrence, reply.turn.model, columnText(narrative), now(), json];
      await whenFree(() => inTransaction(database, () => write.run(...row)));
    },
  };
}

/** Text as libsql can give it back: it reads no further than a NUL. */
export function columnText(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
