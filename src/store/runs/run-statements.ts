import type Database from 'libsql';

/** The statements that record a run. Several runs may share them. */
export type RunStatements = ReturnType<typeof prepareRunStatements>;

/** Prepares the statements that record a run. */
export function prepareRunStatements(database: Database.Database) {
  return {
    insertRun: database.prepare(
      `INSERT INTO runs (id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served,
       attempts, wait_ms, usage, vars) VALUES (?, ?, ?, ?, ?, ?, 0, '[]', '[]', 0, 0, ?, ?)`,
    ),
    // `ended` is the end event and `told` the events before it, as JSON. If the run has been cleared in the meantime,
    // its further acts are not recorded.
    insertAct: database.prepare(
      `INSERT INTO acts (run, position, act, ended, told, cost_usd, timing, prompt)
       SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?)`,
    ),
    updateRun: database.prepare(
      `UPDATE runs SET acts_ended = ?, models_asked = ?, models_served = ?, attempts = ?, wait_ms = ?, usage = ?,
       cost_usd = ? WHERE id = ?`,
    ),
    endRun: database.prepare(
      'UPDATE runs SET status = ?, duration_ms = ?, error = ?, usage = ?, cost_usd = ? WHERE id = ?',
    ),
  };
}
