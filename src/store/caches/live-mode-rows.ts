import type Database from 'libsql';
import { inTransaction } from '../../database/transaction.js';

/** How a Live model wants to be talked to, as the database has it. */
export interface LiveMannerRow {
  /** JSON, as it was written. */
  manner: string;
  /** Milliseconds since the epoch. */
  learnedAt: number;
}

/** What was learned of Live models, each at a service whose address is not in it. They throw SQLite's errors. */
export interface LiveMannerRows {
  read(service: string, model: string): LiveMannerRow | undefined;
  write(service: string, model: string, row: LiveMannerRow): void;
}

/** @param database has the table `live_manners (service, model, manner, learned_at)` */
export function createLiveMannerRows(database: Database.Database): LiveMannerRows {
  return {
    read(service, model) {
      const query = 'SELECT manner, learned_at FROM live_manners WHERE service = ? AND model = ?';
      const row = database.prepare(query).raw(true).get(service, model);
      const [manner, learnedAt] = Array.isArray(row) ? row : [];
      return typeof manner === 'string' && typeof learnedAt === 'number' ? { manner, learnedAt } : undefined;
    },
    write(service, model, { manner, learnedAt }) {
      const replace = 'REPLACE INTO live_manners (service, model, manner, learned_at) VALUES (?, ?, ?, ?)';
      inTransaction(database, () => database.prepare(replace).run(service, model, manner, learnedAt));
    },
  };
}
