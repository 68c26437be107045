/** Whether the work failed because another process holds the lock. If so, it may succeed a moment later. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(getSqliteCode(thrown));
}

/** Whether a file is damaged or not a database. */
export function isCorrupt(thrown: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(getSqliteCode(thrown));
}

/** Whether an error comes from SQLite. */
export function isSqliteError(thrown: unknown): boolean {
  return getSqliteCode(thrown).startsWith('SQLITE_');
}

/** Returns the message of an error in one line. */
export function describeSqliteError(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
}

/** Returns SQLite's error code, or an empty string for other errors. */
function getSqliteCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
