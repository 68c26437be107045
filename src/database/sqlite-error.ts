/** Whether another process has the lock: the same may work a moment later. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(thrown));
}

/** Whether a file is no database, or one that is broken. */
export function isDamage(thrown: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(sqliteCode(thrown));
}

/** What went wrong, on one line. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
}

/** SQLite's name of what went wrong, or an empty string. */
function sqliteCode(thrown: unknown): string {
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
