import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';

/** A stored mode of a Live model: how the model takes prompts, and whether it replies in text or speech. */
interface LiveModeRow {
  /** The mode as JSON. */
  modeJson: string;
  /** When the mode was found out, in milliseconds since the epoch. */
  learnedAt: number;
}

/**
 * Creates the methods that read and write the modes of Live models. `service` is a hash of the service's address. The
 * methods throw SQLite's errors.
 *
 * @param database must have the table `live_manners (service, model, manner, learned_at)`; `manner` is an earlier name
 *   of the mode (see `LiveMode`)
 */
export function createLiveModeRows(database: Database.Database) {
  return {
    read(service: string, model: string): LiveModeRow | undefined {
      const query = 'SELECT manner, learned_at FROM live_manners WHERE service = ? AND model = ?';
      const row = database.prepare(query).raw(true).get(service, model);
      const [modeJson, learnedAt] = Array.isArray(row) ? row : [];
      return typeof modeJson === 'string' && typeof learnedAt === 'number' ? { modeJson, learnedAt } : undefined;
    },
    write(service: string, model: string, { modeJson, learnedAt }: LiveModeRow): void {
      const replace = 'REPLACE INTO live_manners (service, model, manner, learned_at) VALUES (?, ?, ?, ?)';
      runInTransaction(database, () => database.prepare(replace).run(service, model, modeJson, learnedAt));
    },
  };
}
