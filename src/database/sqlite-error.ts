/** Whether another process has the lock: the same may work a moment later. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(getSqliteCode(thrown));
}

/** Whether a file is no database, or one that is broken. */
export function isCorrupt(thrown: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(getSqliteCode(thrown));
}

/** What went wrong, on one line. */
export function describeSqliteError(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
}

/** SQLite's name of what went wrong, or an empty string. */
function getSqliteCode(thrown: unknown): string {
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
