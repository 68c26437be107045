import type Database from 'libsql';
import { runInTransaction } from '../../database/transaction.js';

/** How a Live model wants to be talked to, as the database has it. */
export interface LiveModeRow {
  /** JSON, as it was written. */
  modeJson: string;
  /** Milliseconds since the epoch. */
  learnedAt: number;
}

/** What was learned of Live models, each at a service whose address is not in it. They throw SQLite's errors. */
export interface LiveModeRows {
  read(service: string, model: string): LiveModeRow | undefined;
  write(service: string, model: string, row: LiveModeRow): void;
}

/** @param database has the table `live_manners (service, model, manner, learned_at)` */
export function createLiveModeRows(database: Database.Database): LiveModeRows {
  return {
    read(service, model) {
      const query = 'SELECT manner, learned_at FROM live_manners WHERE service = ? AND model = ?';
      const row = database.prepare(query).raw(true).get(service, model);
      const [modeJson, learnedAt] = Array.isArray(row) ? row : [];
      return typeof modeJson === 'string' && typeof learnedAt === 'number' ? { modeJson, learnedAt } : undefined;
    },
    write(service, model, { modeJson, learnedAt }) {
      const replace = 'REPLACE INTO live_manners (service, model, manner, learned_at) VALUES (?, ?, ?, ?)';
      runInTransaction(database, () => database.prepare(replace).run(service, model, modeJson, learnedAt));
    },
  };
}
